#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// What a file of weights says about a tensor, without LibTorch.
namespace hyena::backbone {

/// The element types of safetensors, in the order in which its writers lay them out, last ones
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

/// One tensor of a file.
struct TensorEntry {
  std::string name;
  Dtype dtype = Dtype::kF32;
  std::vector<std::int64_t> shape;  ///< at most 64 dimensions; the element count fits an int64
  /// First byte and one past the last: in safetensors from the start of the data; elsewhere from 0.
  std::uint64_t begin = 0;
  std::uint64_t end = 0;

  std::int64_t numel() const;
  bool operator==(const TensorEntry&) const = default;
};

}  // namespace hyena::backbone
