// Any bytes as a checkpoint of PyTorch: refused with a TorchFileError, or whole. Of what is
// accepted every view must lie in its storage and every storage in the file. The first byte chooses
// between a whole file and a pickle alone, which no CRC hides from the fuzzer.
#include "backbone/pickle/torch_file.h"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "backbone/pickle/state_dict.h"
#include "backbone/pickle/torch_error.h"
#include "backbone/pickle/unpickler.h"
#include "backbone/weights/pickle_json.h"

namespace {

using namespace hyena::backbone;

const std::string kFile = "fuzz";

void require(bool condition) {
  if (!condition) std::abort();
}

void check_tree(const PickleTree& tree) {
  require(tree.root < tree.values.size());
  for (const Value& value : tree.values) {
    for (const ValueId id : value.items) require(id < tree.values.size());
    require(value.state == kNoValue || value.state < tree.values.size());
    const auto index = static_cast<std::size_t>(value.integer);
    require(value.kind != ValueKind::kTensor || index < tree.tensors.size());
    require(value.kind != ValueKind::kStorage || index < tree.storages.size());
    require(value.kind != ValueKind::kDict || value.items.size() % 2 == 0);
  }
  for (const PickledTensor& tensor : tree.tensors) {
    require(tensor.storage < tree.storages.size() && tensor.shape.size() == tensor.strides.size());
  }
  const StateDict found = flatten_state_dict(tree, tree.root, kFile);
  for (const auto& [name, index] : found.tensors) require(index < tree.tensors.size());
  const auto json = json_of_value(tree, tree.root);
  require(!json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace).empty());
}

void read(std::string_view bytes, bool pickle_alone) {
  if (pickle_alone) {
    const PickleTree tree = unpickle(bytes, 0, kFile);
    require(tree.end <= bytes.size());
    check_tree(tree);
    return;
  }
  const TorchContents contents = parse_torch_file(bytes, kFile);
  require(contents.places.size() == contents.tree.storages.size());
  for (const StoragePlace& place : contents.places) {
    require(place.begin <= bytes.size() && place.size <= bytes.size() - place.begin);
  }
  for (const PickledTensor& tensor : contents.tree.tensors) {
    const std::uint64_t size = packed_bytes(tensor);
    if (size > (std::uint64_t{1} << 20)) continue;
    const StoragePlace& place = contents.places[tensor.storage];
    // A copy, so that the sanitizer sees where the storage ends.
    const std::vector<char> storage(
        bytes.begin() + static_cast<std::ptrdiff_t>(place.begin),
        bytes.begin() + static_cast<std::ptrdiff_t>(place.begin + place.size));
    std::vector<std::byte> out(size);
    pack_tensor(tensor, std::as_bytes(std::span(storage)), out);
  }
  check_tree(contents.tree);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  try {
    read(bytes.substr(1), (data[0] & 1) != 0);
  } catch (const TorchFileError& error) {
    require(std::string_view(error.what()).starts_with("fuzz: byte "));
  }
  return 0;
}
