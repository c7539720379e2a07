#include "backbone/hyena_filter2d.h"

#include <cmath>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "backbone/ops/implicit_filter.h"

namespace hyena::backbone {
namespace {

/// Sine and cosine of one coordinate in `features` rows, interleaved, wavelengths in a geometric
/// progression up to 10000 · 2π (Vaswani et al. 2017, section 3.5): (features, n).
at::Tensor waves_of(const at::Tensor& coordinate, std::int64_t features) {
  const auto rate = at::exp(at::arange(0, features, 2, at::kDouble) *
                            (-std::log(10000.0) / static_cast<double>(features)));
  const auto angle = rate.unsqueeze(1) * coordinate;  // (features/2, n)
  return at::stack({angle.sin(), angle.cos()}, 1).flatten(0, 1).slice(0, 0, features);
}

/// Euclidean distance of each tap to the centre, in taps: (1, 1, K, K).
at::Tensor distances(std::int64_t kernel) {
  const auto offset = at::arange(kernel, at::kDouble) - static_cast<double>(kernel / 2);
  const auto squared = offset.square();
  return (squared.unsqueeze(1) + squared).sqrt().to(at::kFloat).view({1, 1, kernel, kernel});
}

}  // namespace

HyenaFilter2d::HyenaFilter2d(std::int64_t d_model, std::int64_t kernel,
                             const HyenaFilter2dOptions& options)
    : options_(options), trained_kernel_(kernel) {
  if (options.filter_emb_dim % 4 != 0) {
    throw OptionError("filter_emb_dim must be a multiple of 4, got " +
                      std::to_string(options.filter_emb_dim));
  }
  ParameterHint hint;
  if (options.filter_lr > 0) hint.lr = options.filter_lr;
  if (options.filter_wd >= 0) hint.weight_decay = options.filter_wd;

  const auto z = waves(kernel);
  z_ = options.features == "table" ? add_parameter("z", z, hint) : add_buffer("z", z);
  if (options.use_decay) {
    distance_ = add_parameter("distance_map", distances(kernel), {}, /*trainable=*/false);
    const double slowest = std::log(1e-2) / 1.5, fastest = std::log(1e-2) / 0.3;
    deltas_ = add_parameter(
        "deltas",
        (at::linspace(slowest, fastest, d_model) / static_cast<double>(kernel)).view({1, -1, 1, 1}),
        hint);
    shift_ = add_parameter("shift", at::zeros({1, d_model, 1, 1}), hint);
  }
  bias = add_parameter("bias", at::randn({1, d_model, 1, 1}));

  const std::int64_t features = z.size(1);
  const std::int64_t width =
      options.filter_order > 0 ? options.filter_order : 2 * options.filter_emb_dim;
  const std::int64_t sizes[] = {features, width, width, d_model};
  for (int i = 0; i < 3; ++i) {
    const double bound = 1.0 / std::sqrt(static_cast<double>(sizes[i]));
    const std::string key = "implicit_filter." + std::to_string(2 * i);
    weight_[i] = add_parameter(
        key + ".weight", at::empty({sizes[i + 1], sizes[i], 1, 1}).uniform_(-bound, bound), hint);
    if (i == 2) break;
    mlp_bias_[i] =
        add_parameter(key + ".bias", at::empty({sizes[i + 1]}).uniform_(-bound, bound), hint);
    freq_[i] = add_parameter("implicit_filter." + std::to_string(2 * i + 1) + ".freq",
                             at::ones({1, width, 1, 1}), hint);
  }
}

at::Tensor HyenaFilter2d::waves(std::int64_t kernel) const {
  // Positions count taps of the filter that was trained, so that a resized filter samples the same
  // function of place more finely.
  const double step =
      kernel > 1 ? static_cast<double>(trained_kernel_ - 1) / static_cast<double>(kernel - 1) : 0.0;
  const auto place = at::arange(kernel, at::kDouble) * step;
  const std::int64_t e = options_.filter_emb_dim;
  at::Tensor z;
  if (options_.pe_type == "2d") {
    const auto along = waves_of(place, e / 2);  // (E/2, K)
    z = at::cat(
        {along.unsqueeze(1).expand({-1, kernel, -1}), along.unsqueeze(2).expand({-1, -1, kernel})});
  } else {
    // Along the raster order: time from 0 to 1, then waves of whole and half turns.
    const std::int64_t n = kernel * kernel;
    const auto t = at::linspace(0, 1, n, at::kDouble);
    const auto f = at::linspace(1e-4, static_cast<double>(e / 2 - 1), e / 2, at::kDouble);
    const auto angle = f.unsqueeze(1) * t * (2 * M_PI);
    z = at::cat({t.unsqueeze(0), angle.cos(), -angle.sin()}).view({e + 1, kernel, kernel});
  }
  return z.unsqueeze(0).to(at::kFloat).contiguous();
}

at::Tensor HyenaFilter2d::forward() const {
  const std::int64_t k = kernel();
  ImplicitFilter filter;
  filter.z = z_.flatten(2).squeeze(0).t();  // (K·K, E)
  for (int i = 0; i < 2; ++i) {
    filter.layers.push_back({weight_[i].flatten(1), mlp_bias_[i], freq_[i].flatten()});
  }
  filter.weight = weight_[2].flatten(1);
  if (options_.use_decay) {
    filter.t = distance_.flatten();
    filter.delta = deltas_.flatten();
    filter.shift = shift_.flatten();
  }
  return implicit_filter(filter).t().view({-1, k, k});  // (D, K, K)
}

at::Tensor HyenaFilter2d::window() const {
  if (!options_.use_decay) return {};
  return (at::exp(-distance_ * deltas_.abs()) + shift_).squeeze(0);
}

void HyenaFilter2d::resize(std::int64_t kernel) {
  const std::int64_t old = this->kernel();
  if (kernel == old) return;
  const at::NoGradGuard no_grad;
  const std::int64_t size[] = {kernel, kernel};
  const auto z = options_.features == "table"
                     ? at::_upsample_bicubic2d_aa(z_, size, /*align_corners=*/false)
                     : waves(kernel);
  if (options_.use_decay) {
    replace("distance_map",
            distances(kernel) / (static_cast<double>(kernel) / 2 / static_cast<double>(old)));
  }
  replace("z", z);
}

}  // namespace hyena::backbone
