#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

namespace hyena::kernels {
class FilterSpectrum;
}

/// kernels/hyena_conv.h for LibTorch's tensors on the CPU; arguments as hyena_conv() has checked
/// them.
namespace hyena::backbone {

inline constexpr std::int64_t kMostShortTaps = 16;

/// x (B, 3D, L) → (B, D, L), differentiable once. `centre` of the long filter; the short ones are
/// causal or centred.
at::Tensor kernel_hyena_conv(const at::Tensor& x, const at::Tensor& short_weight,
                             const at::Tensor& short_bias, const at::Tensor& h,
                             const at::Tensor& bias, std::int64_t centre, bool causal);

/// The same with the long filter made ready, without gradients.
at::Tensor kernel_hyena_conv(const at::Tensor& x, const at::Tensor& short_weight,
                             const at::Tensor& short_bias, const kernels::FilterSpectrum& filter,
                             bool causal);

}  // namespace hyena::backbone
