#include "backbone/ops/compat.h"

#include <ATen/ATen.h>

#include "backbone/ops/float32_island.h"

namespace hyena::backbone {

at::Tensor compat_blocked_fftconv(const at::Tensor& u, const at::Tensor& h, const at::Tensor& bias,
                                  std::int64_t num_blocks) {
  TORCH_CHECK(u.size(2) % num_blocks == 0, "compat_num_blocks: the length ", u.size(2),
              " is not divisible by ", num_blocks, " blocks");
  const Float32Island island;
  const auto dtype = compute_type(u);
  const std::int64_t block = u.size(2) / num_blocks;
  const auto x = u.to(dtype).unflatten(2, {num_blocks, block});         // (B, D, Z, L/Z)
  const auto taps = at::fft_rfft(h.to(dtype), 2 * block).unsqueeze(1);  // (D, 1, F)
  auto y = at::fft_irfft(at::fft_rfft(x, 2 * block) * taps, 2 * block).slice(3, 0, block);
  if (bias.defined()) y = y + x * bias.to(dtype).view({-1, 1, 1});
  return y.flatten(2).to(u.scalar_type());
}

at::Tensor compat_hyenadna_bidirectional_fftconv(const at::Tensor& u, const at::Tensor& h,
                                                 const at::Tensor& bias) {
  const Float32Island island;
  const auto dtype = compute_type(u);
  const std::int64_t length = u.size(2);
  const auto x = u.to(dtype);
  const auto padded = at::constant_pad_nd(x, {length / 2, length / 2});
  const auto spectrum = at::fft_rfft(padded, 2 * length) * at::fft_rfft(h.to(dtype), 2 * length);
  auto y = at::fft_irfft(spectrum, 2 * length).slice(2, 0, length);
  if (bias.defined()) y = y + x * bias.to(dtype).unsqueeze(1);
  return y.to(u.scalar_type());
}

}  // namespace hyena::backbone
