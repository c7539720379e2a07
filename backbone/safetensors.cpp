#include "backbone/safetensors.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <set>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "backbone/atomic_file.h"

namespace hyena::backbone {
namespace {

static_assert(std::endian::native == std::endian::little, "the format is little endian");

struct DtypeFacts {
  std::string_view name;
  int bits;
};
constexpr std::array<DtypeFacts, kDtypes> kDtypeFacts{{
    {"BOOL", 8},        {"F4", 4},      {"F6_E2M3", 6}, {"F6_E3M2", 6}, {"U8", 8},
    {"I8", 8},          {"F8_E5M2", 8}, {"F8_E4M3", 8}, {"F8_E8M0", 8}, {"F8_E4M3FNUZ", 8},
    {"F8_E5M2FNUZ", 8}, {"I16", 16},    {"U16", 16},    {"F16", 16},    {"BF16", 16},
    {"I32", 32},        {"U32", 32},    {"F32", 32},    {"C64", 64},    {"F64", 64},
    {"I64", 64},        {"U64", 64},
}};

}  // namespace

std::string_view dtype_name(Dtype dtype) {
  return kDtypeFacts[static_cast<std::size_t>(dtype)].name;
}

int dtype_bits(Dtype dtype) {
  return kDtypeFacts[static_cast<std::size_t>(dtype)].bits;
}

std::optional<Dtype> dtype_of(std::string_view name) {
  const auto found = std::ranges::find(kDtypeFacts, name, &DtypeFacts::name);
  if (found == kDtypeFacts.end()) return std::nullopt;
  return static_cast<Dtype>(found - kDtypeFacts.begin());
}

std::string shape_text(std::span<const std::int64_t> shape) {
  std::string out = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) {
    out += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
  }
  return out + "]";
}

std::int64_t TensorEntry::numel() const {
  std::int64_t count = 1;
  for (const std::int64_t size : shape) count *= size;
  return count;
}

SafetensorsFile::SafetensorsFile(const std::filesystem::path& path) : name_(path.string()) {
  const auto fail = [&](const char* doing, int error) {
    throw SafetensorsError("cannot " + std::string(doing) + " " + name_ + ": " +
                           std::strerror(error));
  };
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) fail("open", errno);
  struct ::stat facts {};
  int error = ::fstat(descriptor, &facts) != 0 ? errno : 0;
  if (error == 0 && S_ISDIR(facts.st_mode)) error = EISDIR;
  if (error == 0 && !S_ISREG(facts.st_mode)) error = EINVAL;
  size_ = static_cast<std::uint64_t>(facts.st_size);
  void* mapped = nullptr;
  if (error == 0 && size_ > 0) {
    mapped = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (mapped == MAP_FAILED) error = errno;
  }
  ::close(descriptor);
  if (error != 0) fail("read", error);

  try {
    header_ = parse_safetensors({static_cast<const char*>(mapped), size_}, name_);
  } catch (...) {
    if (size_ > 0) ::munmap(mapped, size_);
    throw;
  }
  bytes_ = static_cast<const char*>(mapped);
  for (std::size_t i = 0; i < header_.tensors.size(); ++i) {
    index_.emplace(header_.tensors[i].name, i);
  }
}

SafetensorsFile::~SafetensorsFile() {
  ::munmap(const_cast<char*>(bytes_), size_);
}

const TensorEntry* SafetensorsFile::find(std::string_view name) const {
  const auto found = index_.find(name);
  return found == index_.end() ? nullptr : &header_.tensors[found->second];
}

std::span<const std::byte> SafetensorsFile::data(const TensorEntry& entry) const {
  const char* begin = bytes_ + header_.data_offset + entry.begin;
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
