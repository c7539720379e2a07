// Any bytes as an index of shards or a config.json: refused with a WeightFolderError, or read, and
// then every shard is a plain file name.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "backbone/weights/weight_folder.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hyena::backbone;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  try {
    for (const auto& [tensor, file] : parse_shard_index(bytes, "fuzz")) {
      if (file.empty() || file == ".." || file.find('/') != file.npos) std::abort();
    }
  } catch (const WeightFolderError& error) {
    if (!std::string_view(error.what()).starts_with("fuzz: ")) std::abort();
  }
  return 0;
}
