// Any bytes: the walks over markers and chunks end, inside the bytes.
#include "datasets/picture_format.h"

#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hyena::datasets;
  const std::vector<std::uint8_t> bytes(data, data + size);  // so that ASan knows where they end
  sniff_format(bytes);
  for (const PictureFormat format : {PictureFormat::kJpeg, PictureFormat::kPng}) {
    find_truncation(bytes, format);
  }
  return 0;
}
