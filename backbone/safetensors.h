#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "backbone/mapped_file.h"
#include "backbone/weight_source.h"

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
class SafetensorsFile final : public WeightSource {
 public:
  /// Throws SafetensorsError, also when the file cannot be opened.
  explicit SafetensorsFile(const std::filesystem::path& path);

  void read(const TensorEntry& entry, std::span<std::byte> out) const override;
  /// The elements of one of tensors(), packed; valid while this object lives. Aligned to the
  /// element size only if the writer saw to it.
  std::span<const std::byte> data(const TensorEntry& entry) const;

 private:
  MappedFile file_;
  std::uint64_t data_offset_ = 0;
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
