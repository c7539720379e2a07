#include "train/utilisation.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "backbone/ops/flops.h"
#include "backbone/ops/linear.h"

namespace hyena::train {

double forward_flops(backbone::Model& model, std::int64_t input_size) {
  const at::NoGradGuard no_grad;
  const bool was_training = model.is_training();
  model.train(false);
  const backbone::FlopCounter counter;
  model.run_blank(input_size > 0 ? input_size : model.input_size());
  model.train(was_training);
  return counter.total();
}

double measured_matmul_flops(c10::Device device, bool amp) {
  const at::NoGradGuard no_grad;
  const std::int64_t n = device.is_cuda() ? 8192 : 1024;
  const auto options = at::device(device).dtype(amp ? at::kBFloat16 : at::kFloat);
  const auto a = at::randn({n, n}, options), b = at::randn({n, n}, options);
  const auto run = [&](int times) {
    const auto start = std::chrono::steady_clock::now();
    at::Tensor c;
    for (int i = 0; i < times; ++i) c = backbone::linear(a, b, {});  // as the models multiply
    c[0][0].item<float>();                                           // waits for the device
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() / times;
  };
  run(2);
  double fastest = run(3);
  for (int i = 0; i < 4; ++i) fastest = std::min(fastest, run(3));
  const auto side = static_cast<double>(n);
  return 2 * side * side * side / fastest;
}

std::string with_prefix(double value) {
  static constexpr std::array<const char*, 6> prefixes = {"", "K", "M", "G", "T", "P"};
  std::size_t step = 0;
  while (std::abs(value) >= 1000 && step + 1 < prefixes.size()) {
    value /= 1000;
    ++step;
  }
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.3g %s", value, prefixes[step]);
  return text.data();
}

std::string utilisation_text(double flops_per_sample, std::int64_t samples, const char* unit,
                             double seconds, double peak_flops) {
  const double rate = 3 * flops_per_sample * static_cast<double>(samples) / std::max(seconds, 1e-9);
  std::array<char, 256> text{};
  std::snprintf(text.data(), text.size(),
                "3 x %sFLOP x %lld %ss / %.1f s = %sFLOP/s, %.0f %% of a matrix product's %sFLOP/s",
                with_prefix(flops_per_sample).c_str(), static_cast<long long>(samples), unit,
                seconds, with_prefix(rate).c_str(), 100 * rate / peak_flops,
                with_prefix(peak_flops).c_str());
  return text.data();
}

}  // namespace hyena::train
