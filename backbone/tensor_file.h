#pragma once

#include <filesystem>
#include <map>
#include <string>

#include <ATen/core/Tensor.h>

#include "backbone/safetensors.h"

/// safetensors files as LibTorch tensors.
namespace hyena::backbone {

using TensorMap = std::map<std::string, at::Tensor>;

/// LibTorch's type for a type of the format. F4 is packed in pairs there, so its last dimension
/// halves. Throws SafetensorsError for a type that this LibTorch does not have (F6_E2M3, F6_E3M2).
at::ScalarType scalar_type_of(Dtype dtype);

/// The other way round; throws std::invalid_argument for a type that the format does not have.
Dtype dtype_of(at::ScalarType type);

/// Reads one of source.tensors() into memory of its own, on the CPU.
at::Tensor read_tensor(const WeightSource& source, const TensorEntry& entry);

/// Reads all tensors of a safetensors file.
TensorMap read_tensors(const std::filesystem::path& path);

/// Writes tensors of any device and stride, whole or not at all. Throws std::invalid_argument for
/// what the format cannot hold, std::runtime_error when the disk refuses.
void write_tensors(const std::filesystem::path& path, const TensorMap& tensors,
                   const std::map<std::string, std::string>& metadata = {});

}  // namespace hyena::backbone
