#include "backbone/safetensors.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <set>
#include <utility>

#include <nlohmann/json.hpp>

#include "backbone/atomic_file.h"

namespace hyena::backbone {

static_assert(std::endian::native == std::endian::little, "the format is little endian");

SafetensorsFile::SafetensorsFile(const std::filesystem::path& path)
    : WeightSource(path, "safetensors"), file_(MappedFile::open<SafetensorsError>(path)) {
  SafetensorsHeader header = parse_safetensors(file_.bytes(), name());
  size_ = file_.bytes().size();
  files_ = {path};
  tensors_ = std::move(header.tensors);
  metadata_ = std::move(header.metadata);
  data_offset_ = header.data_offset;
  make_index();
}

void SafetensorsFile::read(const TensorEntry& entry, std::span<std::byte> out) const {
  if (!out.empty()) std::memcpy(out.data(), data(entry).data(), out.size());
}

std::span<const std::byte> SafetensorsFile::data(const TensorEntry& entry) const {
  const char* begin = file_.bytes().data() + data_offset_ + entry.begin;
  return std::as_bytes(std::span(begin, entry.end - entry.begin));
}

std::string safetensors_header(std::vector<TensorData>& tensors,
                               const std::map<std::string, std::string>& metadata) {
  const auto fail = [](const TensorData& tensor, const std::string& reason) {
    throw std::invalid_argument("cannot write tensor '" + tensor.name + "': " + reason);
  };
  std::ranges::sort(tensors, [](const TensorData& a, const TensorData& b) {
    return a.dtype != b.dtype ? a.dtype > b.dtype : a.name < b.name;
  });
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  if (!metadata.empty()) json["__metadata__"] = metadata;
  std::uint64_t offset = 0;
  std::set<std::string_view> names{"__metadata__"};
  for (const TensorData& tensor : tensors) {
    if (!names.insert(tensor.name).second) fail(tensor, "the name is taken");
    std::int64_t bits = dtype_bits(tensor.dtype);
    for (const std::int64_t size : tensor.shape) bits *= size;
    if (bits % 8 != 0 || static_cast<std::uint64_t>(bits) / 8 != tensor.data.size()) {
      fail(tensor, shape_text(tensor.shape) + " " + std::string(dtype_name(tensor.dtype)) +
                       " is not the size of its data, " + std::to_string(tensor.data.size()) +
                       " bytes");
    }
    // A vector of pairs: ordered_json looks a key up by going through all before it.
    json.get_ref<nlohmann::ordered_json::object_t&>().emplace_back(
        tensor.name,
        nlohmann::ordered_json{{"dtype", dtype_name(tensor.dtype)},
                               {"shape", tensor.shape},
                               {"data_offsets", {offset, offset + tensor.data.size()}}});
    offset += tensor.data.size();
  }
  std::string text;
  try {
    text = json.dump();
  } catch (const nlohmann::json::type_error&) {
    throw std::invalid_argument(
        "cannot write a safetensors header: a tensor name or a metadata text is not valid UTF-8");
  }
  text.append((8 - text.size() % 8) % 8, ' ');
  const std::uint64_t length = text.size();
  std::string out(sizeof length, '\0');
  std::memcpy(out.data(), &length, sizeof length);
  return out + text;
}

void write_safetensors(const std::filesystem::path& path, std::vector<TensorData> tensors,
                       const std::map<std::string, std::string>& metadata) {
  const std::string header = safetensors_header(tensors, metadata);
  AtomicFile file(path);
  file.write(header);
  for (const TensorData& tensor : tensors) file.write(tensor.data.data(), tensor.data.size());
  file.commit();
}

}  // namespace hyena::backbone
