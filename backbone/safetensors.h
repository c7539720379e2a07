#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

/// The safetensors file format, without LibTorch.
///
///   8 bytes   n, the header's length, little endian
///   n bytes   JSON: {"__metadata__": {text: text}, name: {"dtype", "shape", "data_offsets"}, …},
///             padded with spaces so that the data starts at a multiple of 8
///   the rest  the tensors' elements, little endian, rows first, without holes
///
/// Everything that a file says is checked before it is used, and nothing is allocated by a size
/// that the file only claims.
namespace hyena::backbone {

/// A file that is not what it should be. what() is "FILE: byte N: reason"; N counts from the start
/// of the file.
class SafetensorsError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The element types of the format, in the order in which its writers lay them out, last ones
/// first: by alignment.
enum class Dtype {
  kBool,
  kF4,
  kF6E2M3,
  kF6E3M2,
  kU8,
  kI8,
  kF8E5M2,
  kF8E4M3,
  kF8E8M0,
  kF8E4M3Fnuz,
  kF8E5M2Fnuz,
  kI16,
  kU16,
  kF16,
  kBF16,
  kI32,
  kU32,
  kF32,
  kC64,
  kF64,
  kI64,
  kU64,
};
inline constexpr int kDtypes = static_cast<int>(Dtype::kU64) + 1;

/// The name in a header, e.g. "BF16".
std::string_view dtype_name(Dtype dtype);
std::optional<Dtype> dtype_of(std::string_view name);
/// Size of an element; F4 and F6 are packed.
int dtype_bits(Dtype dtype);

/// "[2, 3]".
std::string shape_text(std::span<const std::int64_t> shape);

/// What the header says of one tensor.
struct TensorEntry {
  std::string name;
  Dtype dtype = Dtype::kF32;
  std::vector<std::int64_t> shape;  ///< at most 64 dimensions; the element count fits an int64
  std::uint64_t begin = 0;          ///< first byte, from the start of the data
  std::uint64_t end = 0;            ///< one past the last byte

  std::int64_t numel() const;
  bool operator==(const TensorEntry&) const = default;
};

struct SafetensorsHeader {
  std::vector<TensorEntry> tensors;  ///< in the order of their data
  std::map<std::string, std::string> metadata;
  std::uint64_t data_offset = 0;  ///< where the data starts in the file
};

/// Reads and checks the header of `bytes`, a whole file's contents; `file` is its name in
/// messages. Throws SafetensorsError.
SafetensorsHeader parse_safetensors(std::string_view bytes, const std::string& file);

/// A file opened for reading: the header is checked at once, the data is mapped into memory and
/// touched only when used. The file must not be cut short while it is open; replacing it by a
/// rename, as AtomicFile does, is fine.
class SafetensorsFile {
 public:
  /// Throws SafetensorsError, also when the file cannot be opened.
  explicit SafetensorsFile(const std::filesystem::path& path);
  ~SafetensorsFile();
  SafetensorsFile(const SafetensorsFile&) = delete;
  SafetensorsFile& operator=(const SafetensorsFile&) = delete;

  const std::string& name() const { return name_; }
  std::uint64_t size() const { return size_; }
  const std::vector<TensorEntry>& tensors() const { return header_.tensors; }
  const std::map<std::string, std::string>& metadata() const { return header_.metadata; }

  /// nullptr where there is none of this name.
  const TensorEntry* find(std::string_view name) const;
  /// The elements of one of tensors(), packed; valid while this object lives. Aligned to the
  /// element size only if the writer saw to it.
  std::span<const std::byte> data(const TensorEntry& entry) const;

 private:
  std::string name_;
  std::uint64_t size_ = 0;
  const char* bytes_ = nullptr;
  SafetensorsHeader header_;
  std::map<std::string_view, std::size_t> index_;
};

/// A tensor to write.
struct TensorData {
  std::string name;
  Dtype dtype = Dtype::kF32;
  std::vector<std::int64_t> shape;
  std::span<const std::byte> data;  ///< packed elements; must stay valid until written
};

/// The first bytes of a file that holds `tensors`: length and padded header. Sorts `tensors` into
/// the order of the file: dtypes of wide alignment first, then by name, as the reference library.
/// Throws std::invalid_argument for a name that is taken twice or reserved, a data size that
/// disagrees with the shape, or text that is not UTF-8.
std::string safetensors_header(std::vector<TensorData>& tensors,
                               const std::map<std::string, std::string>& metadata);

/// Writes the file whole or not at all (AtomicFile).
void write_safetensors(const std::filesystem::path& path, std::vector<TensorData> tensors,
                       const std::map<std::string, std::string>& metadata = {});

}  // namespace hyena::backbone
