// Any bytes: parse_idx returns an array whose sizes agree, or throws ReadError; nothing else.
#include "datasets/idx.h"

#include <cstdlib>

#include "datasets/dataset.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  for (int dimensions = 1; dimensions <= 4; ++dimensions) {
    try {
      const auto array = hyena::datasets::parse_idx({data, size}, dimensions, "fuzz");
      std::uint64_t count = 1;
      for (const auto length : array.shape) count *= static_cast<std::uint64_t>(length);
      if (array.values.size() != count) std::abort();
    } catch (const hyena::datasets::ReadError&) {
    }
  }
  return 0;
}
