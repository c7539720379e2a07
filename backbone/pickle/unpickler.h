#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "backbone/pickle/pickle_tree.h"

namespace hyena::backbone {

/// Reads the pickle at the start of `bytes`, protocols 2 to 5, into data. `begin` is where `bytes`
/// starts in the file, `file` its name: both for messages. The tree keeps views into `bytes`.
///
/// Nothing that a pickle names is imported or called. Ordered and default dicts, sets, sizes,
/// tensors and parameters are made here; every other class or function becomes a value of kind
/// kForeign that keeps its name and what it was given. Only where a tensor would have to be made
/// from such a value the file is refused.
///
/// Throws TorchFileError: for an opcode that is not in the list (protocols 0 and 1, extension
/// codes, out-of-band buffers), bytes that end too early, a value of the wrong kind, a view outside
/// its storage, and past the limits: 2^22 values or container items, 2^20 values on the stack, 2^12
/// open marks.
PickleTree unpickle(std::string_view bytes, std::uint64_t begin, const std::string& file);

}  // namespace hyena::backbone
