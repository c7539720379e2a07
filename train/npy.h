#pragma once

#include <filesystem>

#include <ATen/core/Tensor.h>

namespace hyena::train {

/// Writes a float32 or int64 tensor as a NumPy file (format version 1.0, rows first, little
/// endian), whole or not at all. Throws std::runtime_error when the disk refuses.
void write_npy(const std::filesystem::path& file, const at::Tensor& tensor);

}  // namespace hyena::train
