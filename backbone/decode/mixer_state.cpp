#include "backbone/decode/mixer_state.h"

#include <cstring>
#include <string>

#include "backbone/mixer.h"
#include "backbone/options.h"

namespace hyena::backbone {

void StateBytes::append(const void* data, std::size_t size) {
  const auto* first = static_cast<const std::byte*>(data);
  bytes.insert(bytes.end(), first, first + size);
}

std::size_t StateBytes::next_size(std::size_t unit) {
  std::int64_t size = 0;
  copy_next(&size, sizeof(size));
  if (size < 0 || static_cast<std::size_t>(size) % unit != 0 ||
      static_cast<std::size_t>(size) > left()) {
    throw OptionError("a saved decoder state is damaged at byte " + std::to_string(read_));
  }
  return static_cast<std::size_t>(size);
}

void StateBytes::copy_next(void* to, std::size_t size) {
  if (size > left()) {
    throw OptionError("a saved decoder state ends after " + std::to_string(bytes.size()) +
                      " bytes, in the middle of a value");
  }
  if (size > 0) std::memcpy(to, bytes.data() + read_, size);
  read_ += size;
}

void StateBytes::expect(std::size_t have, std::size_t wanted) {
  if (have == wanted) return;
  throw OptionError("a saved decoder state has " + std::to_string(have) +
                    " bytes where this "
                    "decoder has " +
                    std::to_string(wanted) + "; it is of another model, batch or method");
}

std::unique_ptr<MixerState> Mixer::start_decoding(const MixerDecodeOptions& /*options*/) {
  throw OptionError(
      "this mixer cannot decode token by token; hyena, mha and attention can. Decode with method "
      "recompute");
}

}  // namespace hyena::backbone
