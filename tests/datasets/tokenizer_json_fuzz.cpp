// Any bytes as a tokenizer.json: refused with a ReadError, or a tokenizer that gives every text
// back.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include <sys/mman.h>
#include <unistd.h>

#include "datasets/dataset.h"
#include "datasets/tokenizer/kinds.h"

namespace {

using namespace hyena::datasets;

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const int memory = ::memfd_create("fuzz", 0);
  static const std::string path = "/proc/self/fd/" + std::to_string(memory);
  require(::ftruncate(memory, 0) == 0 &&
          ::pwrite(memory, data, size, 0) == static_cast<::ssize_t>(size));
  try {
    const auto tokenizer = open_tokenizer("huggingface:" + path);
    const std::string_view text(reinterpret_cast<const char*>(data),
                                std::min<std::size_t>(size, 500));
    for (const Specials specials : {Specials::kAsText, Specials::kAllow}) {
      const auto ids = tokenizer->encode(text, specials);
      for (const TokenId id : ids) require(id < tokenizer->vocabulary_size());
      require(tokenizer->decode(ids) == text);
    }
  } catch (const ReadError& error) {
    require(std::string_view(error.what()).starts_with(path));
  }
  return 0;
}
