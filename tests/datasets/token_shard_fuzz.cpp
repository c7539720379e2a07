// Any bytes as token shards: refused with a ReadError, or a source whose ids and documents are
// within its bounds. The first byte chooses the format, the second how the rest is cut into .idx
// and .bin.
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include <unistd.h>

#include "datasets/dataset.h"
#include "datasets/text/shards.h"

namespace {

namespace fs = std::filesystem;
using namespace hyena::datasets;

void require(bool condition) {
  if (!condition) std::abort();
}

const fs::path& folder() {
  static const fs::path path = [] {
    // In memory where the system has that: thousands of files a second.
    const fs::path memory = "/dev/shm";
    const fs::path made = (fs::exists(memory) ? memory : fs::temp_directory_path()) /
                          ("hyena-fuzz-" + std::to_string(::getpid()));
    return made;
  }();
  return path;
}

fs::path write(const char* name, std::string_view bytes) {
  std::ofstream(folder() / name, std::ios::binary) << bytes;
  return folder() / name;
}

void check(const TokenSource& source, std::size_t bytes) {
  require(source.size() <= bytes);
  std::uint64_t before = 0;
  for (std::uint64_t d = 0; d < source.documents(); ++d) {
    const std::uint64_t start = source.document_start(d);
    require(start >= before && start <= source.size() && (d > 0 || start == 0));
    before = start;
  }
  std::vector<std::int32_t> ids(source.size());
  source.read(0, std::span(ids));
  for (const auto id : ids)
    require(id >= 0 && static_cast<std::uint64_t>(id) < source.vocabulary());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  fs::create_directories(folder());
  const ShardFormat& format = shard_registry()[data[0] % shard_registry().size()];
  fs::path file;
  if (format.extension == ".idx") {
    const std::size_t cut = bytes.size() - std::min<std::size_t>(bytes.size(), data[1]);
    write("x.bin", bytes.substr(cut));
    file = write("x.idx", bytes.substr(0, cut));
  } else {
    file = write("x.bin", bytes);
  }
  try {
    check(*format.open(file, 60000), size);
  } catch (const ReadError& error) {
    require(std::string_view(error.what()).starts_with(folder().string()));
  }
  fs::remove_all(folder());  // the fuzzer ends without cleaning up
  return 0;
}
