#include "backbone/ops/short_conv.h"

#include <algorithm>

#include <ATen/ATen.h>
#include <ATen/autocast_mode.h>

#include "backbone/ops/cuda_device.h"
#include "backbone/ops/flops.h"
#include "backbone/ops/kernel_tensors.h"
#include "backbone/ops/short_conv_kernels.h"

namespace hyena::backbone {
namespace {

constexpr std::int64_t kMostTapsOnGpu = 16;  // of a side; longer ones are cuDNN's

}  // namespace

at::ScalarType short_conv_type(const at::Tensor& x) {
  const auto device = x.device().type();
  return at::autocast::is_autocast_enabled(device) && x.scalar_type() != at::kDouble
             ? at::autocast::get_autocast_dtype(device)
             : x.scalar_type();
}

namespace {

void check_parameters(const char* function, const at::Tensor& x, const at::Tensor& weight,
                      const at::Tensor& bias) {
  TORCH_CHECK(weight.device() == x.device(), function, ": weight is on ", weight.device(),
              ", x on ", x.device());
  TORCH_CHECK(!bias.defined() ||
                  (bias.dim() == 1 && bias.size(0) == x.size(1) && bias.device() == x.device()),
              function, ": bias must be (C=", x.size(1), ") on ", x.device(), ", got ",
              bias.sizes(), " on ", bias.device());
}

}  // namespace

void check_short_conv(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                      bool causal) {
  TORCH_CHECK(x.dim() == 3, "short_conv: x must be (B, C, L), got ", x.sizes());
  TORCH_CHECK(weight.dim() == 3 && weight.size(0) == x.size(1) && weight.size(1) == 1,
              "short_conv: weight must be (C=", x.size(1), ", 1, K), got ", weight.sizes());
  TORCH_CHECK(causal || weight.size(2) % 2 == 1,
              "short_conv: a centred filter needs an odd number of taps, got ", weight.size(2));
  check_parameters("short_conv", x, weight, bias);
}

void count_short_conv(const at::Tensor& x, const at::Tensor& weight) {
  count_flops("conv", 2.0 * static_cast<double>(x.numel()) *
                          static_cast<double>(weight.numel() / weight.size(0)));
}

at::Tensor short_conv(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                      bool causal) {
  check_short_conv(x, weight, bias, causal);
  count_short_conv(x, weight);
  const std::int64_t taps = weight.size(2);
  if (on_kernels(x) && x.size(2) > 0 && (!on_gpu(x) || taps <= kMostTapsOnGpu)) {
    return kernel_short_conv(x.to(short_conv_type(x)), weight, bias, 0,
                             causal ? taps - 1 : taps / 2, on_gpu(x));
  }
  const auto y = at::conv1d(x, weight, bias, /*stride=*/1, causal ? taps - 1 : taps / 2,
                            /*dilation=*/1, /*groups=*/x.size(1));
  return y.slice(2, 0, x.size(2));
}

void check_short_conv2d(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  TORCH_CHECK(x.dim() == 4, "short_conv2d: x must be (B, C, H, W), got ", x.sizes());
  TORCH_CHECK(weight.dim() == 4 && weight.size(0) == x.size(1) && weight.size(1) == 1 &&
                  weight.size(2) % 2 == 1 && weight.size(3) % 2 == 1,
              "short_conv2d: weight must be (C=", x.size(1), ", 1, K, K) with K odd, got ",
              weight.sizes());
  check_parameters("short_conv2d", x, weight, bias);
}

at::Tensor short_conv2d(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  check_short_conv2d(x, weight, bias);
  count_short_conv(x, weight);
  const std::int64_t most_taps = std::max(weight.size(2), weight.size(3));
  if (on_kernels(x) && x.size(2) > 0 && x.size(3) > 0 &&
      (!on_gpu(x) || most_taps <= kMostTapsOnGpu)) {
    return kernel_short_conv(x.to(short_conv_type(x)), weight, bias, weight.size(2) / 2,
                             weight.size(3) / 2, on_gpu(x));
  }
  return at::conv2d(x, weight, bias, 1, {weight.size(2) / 2, weight.size(3) / 2}, 1, x.size(1));
}

}  // namespace hyena::backbone
