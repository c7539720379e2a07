#include "backbone/ops/kernel_tensors.h"

#include <algorithm>
#include <memory>

#include <ATen/ATen.h>

#include "backbone/ops/cuda_device.h"
#include "backbone/ops/fftconv.h"
#include "kernels/cpu/aligned_buffer.h"

namespace hyena::backbone {
namespace {

/// Results from here on take memory that the kernels keep between calls: LibTorch would give it
/// back to the system each time and pay a page fault for every 4 KiB of the next.
constexpr std::int64_t kLeastKept = std::int64_t{1} << 19;  // bytes

thread_local bool composition = false;

}  // namespace

Composition::Composition() : outer_(composition) {
  composition = true;
}
Composition::~Composition() {
  composition = outer_;
}

bool Composition::alive() {
  return composition;
}

bool on_kernels(const at::Tensor& x) {
  if (composition) return false;
  if (on_gpu(x)) return has_cuda_kernels() && x.scalar_type() != at::kDouble;
  return x.is_cpu();
}

kernels::Type kernel_type(const at::Tensor& x) {
  switch (x.scalar_type()) {
    case at::kDouble:
      return kernels::Type::kFloat64;
    case at::kBFloat16:
      return kernels::Type::kBFloat16;
    case at::kHalf:
      return kernels::Type::kFloat16;
    default:
      return kernels::Type::kFloat32;
  }
}

at::Tensor channels_last(const at::Tensor& x) {
  return x.dim() == 3 ? x.transpose(1, 2) : x.permute({0, 2, 3, 1});
}
at::Tensor channels_first(const at::Tensor& x) {
  return x.dim() == 3 ? x.transpose(1, 2) : x.permute({0, 3, 1, 2});
}

at::Tensor readable(const at::Tensor& x, at::ScalarType type) {
  if (!x.defined()) return x;
  const auto rows = channels_last(x.to(type));
  const bool neighbours = rows.stride(-1) == 1 || rows.size(-1) == 1;
  const bool even = rows.dim() == 3 || std::min(rows.size(1), rows.size(2)) == 1 ||
                    rows.stride(1) == rows.size(2) * rows.stride(2);
  return neighbours && even ? rows : rows.contiguous();
}

at::Tensor positions_last(const at::Tensor& x, at::ScalarType dtype) {
  if (!x.defined()) return x;
  const auto rows = x.to(dtype);
  const std::int64_t last = rows.dim() - 1;
  const bool neighbours = rows.stride(last) == 1 || rows.size(last) == 1;
  const bool even = last == 2 || rows.size(2) == 1 || rows.stride(2) == rows.size(3);
  return neighbours && even ? rows : rows.contiguous();
}

at::Tensor room(at::IntArrayRef sizes, const at::TensorOptions& options) {
  const std::int64_t bytes =
      c10::multiply_integers(sizes) * static_cast<std::int64_t>(options.dtype().itemsize());
  if (!options.device().is_cpu() || bytes < kLeastKept) return at::empty(sizes, options);
  const auto memory = std::make_shared<kernels::cpu::AlignedBuffer<float>>(bytes / 4 + 1);
  return at::from_blob(
      memory->data(), sizes, [memory](void*) {}, options);
}

at::Tensor room_like(const at::Tensor& x) {
  if (on_gpu(x) || !x.is_contiguous()) return at::empty_like(x);
  return room(x.sizes(), x.options());
}

/// From one position to the next; a map of one column has no step along its rows.
static std::int64_t row_stride(const at::Tensor& rows) {
  return rows.dim() == 4 && rows.size(2) == 1 ? rows.stride(1) : rows.stride(-2);
}

kernels::ConstRows const_rows(const at::Tensor& rows) {
  if (!rows.defined()) return {};
  return {rows.const_data_ptr(), rows.stride(0), row_stride(rows)};
}
kernels::Rows mutable_rows(const at::Tensor& rows) {
  if (!rows.defined()) return {};
  return {rows.mutable_data_ptr(), rows.stride(0), row_stride(rows)};
}

}  // namespace hyena::backbone
