#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "backbone/pickle/pickle_tree.h"

/// The few names of PyTorch that stand for data.
namespace hyena::backbone {

/// How the bytes of a storage class such as "torch.FloatStorage" are to be read.
struct StorageClass {
  Dtype dtype = Dtype::kU8;
  bool untyped = false;
};
std::optional<StorageClass> storage_class_of(std::string_view name);

/// Adds the storage that a persistent id, the tuple ('storage', class, key, place, count), asks
/// for; the same key gives the same storage. `at` is the opcode's place in the file. Throws
/// TorchFileError.
std::size_t add_storage(PickleTree& tree, const Value& id, std::uint64_t at,
                        const std::string& file);

/// Whether `name` is a function that makes a tensor: torch._utils._rebuild_tensor and relatives.
bool rebuilds_tensor(std::string_view name);

/// Makes the tensor value that calling `name` with the tuple `arguments` stands for. Throws
/// TorchFileError where the arguments are not those of a tensor, or the view leaves its storage.
Value rebuild_tensor(PickleTree& tree, std::string_view name, ValueId arguments, std::uint64_t at,
                     const std::string& file);

}  // namespace hyena::backbone
