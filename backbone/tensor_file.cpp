#include "backbone/tensor_file.h"

#include <iterator>
#include <utility>

#include <ATen/ATen.h>

namespace hyena::backbone {
namespace {

constexpr std::pair<Dtype, at::ScalarType> kTypes[] = {
    {Dtype::kBool, at::kBool},
#if __has_include(<c10/util/Float4_e2m1fn_x2.h>)  // LibTorch 2.8
    {Dtype::kF4, at::kFloat4_e2m1fn_x2},
#endif
    {Dtype::kU8, at::kByte},
    {Dtype::kI8, at::kChar},
    {Dtype::kF8E5M2, at::kFloat8_e5m2},
    {Dtype::kF8E4M3, at::kFloat8_e4m3fn},
#if __has_include(<c10/util/Float8_e8m0fnu.h>)  // LibTorch 2.7
    {Dtype::kF8E8M0, at::kFloat8_e8m0fnu},
#endif
    {Dtype::kF8E4M3Fnuz, at::kFloat8_e4m3fnuz},
    {Dtype::kF8E5M2Fnuz, at::kFloat8_e5m2fnuz},
    {Dtype::kI16, at::kShort},
    {Dtype::kU16, at::kUInt16},
    {Dtype::kF16, at::kHalf},
    {Dtype::kBF16, at::kBFloat16},
    {Dtype::kI32, at::kInt},
    {Dtype::kU32, at::kUInt32},
    {Dtype::kF32, at::kFloat},
    {Dtype::kC64, at::kComplexFloat},
    {Dtype::kF64, at::kDouble},
    {Dtype::kI64, at::kLong},
    {Dtype::kU64, at::kUInt64},
};

}  // namespace

at::ScalarType scalar_type_of(Dtype dtype) {
  for (const auto& [ours, theirs] : kTypes) {
    if (ours == dtype) return theirs;
  }
  throw SafetensorsError("LibTorch has no type for the elements " + std::string(dtype_name(dtype)));
}

Dtype dtype_of(at::ScalarType type) {
  for (const auto& [ours, theirs] : kTypes) {
    if (theirs == type) return ours;
  }
  throw std::invalid_argument(std::string("safetensors files cannot hold elements of type ") +
                              at::toString(type));
}

at::Tensor read_tensor(const WeightSource& source, const TensorEntry& entry) {
  std::vector<std::int64_t> shape = entry.shape;
  if (entry.dtype == Dtype::kF4) {
    if (shape.empty() || shape.back() % 2 != 0) {
      throw SafetensorsError(source.name() + ": tensor '" + entry.name + "' of " +
                             shape_text(shape) +
                             " F4: LibTorch packs pairs along the last dimension, which must be "
                             "even");
    }
    shape.back() /= 2;
  }
  // The mapped bytes need not be aligned, and a tensor must outlive the file.
  at::Tensor tensor = at::empty(shape, scalar_type_of(entry.dtype));
  source.read(entry, {static_cast<std::byte*>(tensor.mutable_data_ptr()), tensor.nbytes()});
  return tensor;
}

TensorMap read_tensors(const std::filesystem::path& path) {
  const SafetensorsFile file(path);
  TensorMap tensors;
  for (const TensorEntry& entry : file.tensors()) {
    tensors.emplace(entry.name, read_tensor(file, entry));
  }
  return tensors;
}

void write_tensors(const std::filesystem::path& path, const TensorMap& tensors,
                   const std::map<std::string, std::string>& metadata) {
  std::vector<at::Tensor> kept;  // what is written must stay in memory until then
  std::vector<TensorData> list;
  for (const auto& [name, tensor] : tensors) {
    const Dtype dtype = dtype_of(tensor.scalar_type());
    kept.push_back(tensor.detach().to(at::kCPU).resolve_conj().resolve_neg().contiguous());
    std::vector<std::int64_t> shape = tensor.sizes().vec();
    if (dtype == Dtype::kF4 && !shape.empty()) shape.back() *= 2;
    list.push_back({.name = name,
                    .dtype = dtype,
                    .shape = std::move(shape),
                    .data = {static_cast<const std::byte*>(kept.back().const_data_ptr()),
                             kept.back().nbytes()}});
  }
  write_safetensors(path, std::move(list), metadata);
}

}  // namespace hyena::backbone
