#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "backbone/pickle/pickle_tree.h"

namespace hyena::backbone {

/// What lies between the names of nested containers: "state_dict" and "layer.weight" give
/// "state_dict.layer.weight", the third item of a list "list.2".
struct StateDict {
  std::map<std::string, std::size_t> tensors;  ///< name -> index in PickleTree::tensors
  /// Name -> class of every foreign object that was met and not entered.
  std::map<std::string, std::string> foreign;
};

/// Gathers the tensors below `from`, through dicts, lists and tuples. Numbers, texts and the like
/// are passed over. Throws TorchFileError, with `file` in the message: for two tensors with the
/// same name, keys that are neither texts nor whole numbers over a tensor, and past 64 levels,
/// names of 4096 bytes or 2^22 steps, which containers that contain themselves reach.
StateDict flatten_state_dict(const PickleTree& tree, ValueId from, const std::string& file);

}  // namespace hyena::backbone
