// Any bytes as a safetensors file: refused with a SafetensorsError, or whole. What is accepted must
// cover its data without holes, and come back the same after it is written again.
#include "backbone/safetensors.h"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace hyena::backbone;

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  SafetensorsHeader header;
  try {
    header = parse_safetensors(bytes, "fuzz");
  } catch (const SafetensorsError& error) {
    require(std::string_view(error.what()).starts_with("fuzz: byte "));
    return 0;
  }

  std::uint64_t reached = 0;
  std::vector<TensorData> tensors;
  for (const TensorEntry& entry : header.tensors) {
    require(entry.begin == reached && entry.end >= entry.begin);
    reached = entry.end;
    const std::string_view part =
        bytes.substr(header.data_offset + entry.begin, entry.end - entry.begin);
    require(static_cast<std::uint64_t>(entry.numel()) *
                static_cast<unsigned>(dtype_bits(entry.dtype)) ==
            8 * part.size());
    tensors.push_back({.name = entry.name,
                       .dtype = entry.dtype,
                       .shape = entry.shape,
                       .data = std::as_bytes(std::span(part))});
  }
  require(header.data_offset + reached == size);

  std::string again = safetensors_header(tensors, header.metadata);
  for (const TensorData& tensor : tensors) {
    again.append(reinterpret_cast<const char*>(tensor.data.data()), tensor.data.size());
  }
  const SafetensorsHeader second = parse_safetensors(again, "again");
  require(second.metadata == header.metadata && second.tensors.size() == tensors.size());
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const TensorEntry& entry = second.tensors[i];
    require(entry.name == tensors[i].name && entry.dtype == tensors[i].dtype &&
            entry.shape == tensors[i].shape);
  }
  return 0;
}
