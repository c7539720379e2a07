#include "backbone/tensor_entry.h"

#include <algorithm>
#include <array>

namespace hyena::backbone {
namespace {

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

}  // namespace hyena::backbone
