#include "backbone/mixers/hyena2d.h"

#include <algorithm>
#include <cmath>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "backbone/layers.h"
#include "backbone/mixers/kinds.h"
#include "backbone/observer.h"
#include "backbone/ops/fftconv.h"
#include "backbone/ops/projection.h"
#include "backbone/ops/short_conv.h"

namespace hyena::backbone {
namespace {

constexpr double kPixelNormEps = 1e-5;  // HyenaPixel's norms inside the operator

std::int64_t long_side(const TokenGrid& grid) {
  return 2 * std::max(grid.height, grid.width) - 1;
}

}  // namespace

Hyena2dMixer::Hyena2dMixer(const MixerContext& context, const Hyena2dOptions& options)
    : options_(options) {
  const std::int64_t d = context.d_model, k = options.kernel_size;
  if (k % 2 == 0) throw OptionError("kernel_size must be odd, got " + std::to_string(k));
  pointwise_weight_ = add_parameter("pointwise_conv.weight", uniform({3 * d, d, 1, 1}, d));
  pointwise_bias_ = add_parameter("pointwise_conv.bias", uniform({3 * d}, d));
  depthwise_weight_ = add_parameter("depthwise_conv.weight", uniform({3 * d, 1, k, k}, k * k));
  depthwise_bias_ = add_parameter("depthwise_conv.bias", uniform({3 * d}, k * k));

  const std::int64_t side = options.filter.long_kernel_size > 0 ? options.filter.long_kernel_size
                                                                : long_side(context.grid);
  if (options.use_implicit_filter) {
    filter_ = &make_child<HyenaFilter2d>("long_conv", d, side, options.filter);
  } else if (options.use_separable_conv) {
    row_taps_ = add_parameter("long_horizontal_conv.weight", uniform({d, 1, side, 1}, side));
    row_bias_ = add_parameter("long_horizontal_conv.bias", uniform({d}, side));
    column_taps_ = add_parameter("long_vertical_conv.weight", uniform({d, 1, 1, side}, side));
    column_bias_ = add_parameter("long_vertical_conv.bias", uniform({d}, side));
  } else {
    taps_ = add_parameter("long_conv.weight", uniform({d, 1, side, side}, side * side));
    taps_bias_ = add_parameter("long_conv.bias", uniform({d}, side * side));
  }
  if (options.use_layernorm) {
    qk_norm_ = &make_child<LayerNorm>("qk_norm", d, kPixelNormEps, false);
    out_norm_ = &make_child<LayerNorm>("out_norm", d, kPixelNormEps, false);
    out_weight_ = add_parameter("out_proj.weight", uniform({d, d}, d));
  } else {
    out_weight_ = add_parameter("out_proj.weight", uniform({d, d, 1, 1}, d));
  }
  out_bias_ = add_parameter("out_proj.bias", uniform({d}, d));
}

PreparedFilter Hyena2dMixer::prepared(const at::Tensor& like) {
  return cache_.get(*filter_, like, [&] {
    return PreparedFilter(filter_->forward(), filter_->bias.flatten(), Boundary::kZero,
                          /*centred=*/true, like);
  });
}

at::Tensor Hyena2dMixer::convolve_streams(const at::Tensor& streams) {
  const ShortStreams order{.causal = false, .gate = 2};  // k, v, q
  if (at::GradMode::is_enabled() || is_training() || Composition::alive()) {
    return hyena_conv2d(streams, depthwise_weight_, depthwise_bias_, filter_->forward(),
                        filter_->bias.flatten(), Boundary::kZero, /*centred=*/true, order);
  }
  return prepared(streams.slice(1, 0, streams.size(1) / 3))
      .convolve_streams(streams, depthwise_weight_, depthwise_bias_, order);
}

at::Tensor Hyena2dMixer::convolve(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
  if (filter_ != nullptr) {
    if (at::GradMode::is_enabled() || is_training() || Composition::alive()) {
      return gated_fftconv2d(q, k, v, filter_->forward(), filter_->bias.flatten());
    }
    return prepared(v).convolve(q, k, v);
  }
  // PyTorch's convolutions correlate: flipped taps make the same map of an odd-sided filter.
  const auto explicit_conv = [](const at::Tensor& x, const at::Tensor& weight,
                                const at::Tensor& bias) {
    return fftconv2d(x, weight.squeeze(1).flip({1, 2})) + bias.view({-1, 1, 1});
  };
  const auto s = k.defined() ? k * v : v;
  if (taps_.defined()) return explicit_conv(s, taps_, taps_bias_) * q;
  return explicit_conv(explicit_conv(s, row_taps_, row_bias_), column_taps_, column_bias_) * q;
}

at::Tensor Hyena2dMixer::forward(const at::Tensor& x, const TokenGrid& grid) {
  if (grid.prefix > 0) {
    throw OptionError(
        "the mixer hyena2d works on a map and cannot take class or register tokens; "
        "use --no-class-token with --pool avg");
  }
  // The projections are 1x1 convolutions, with weights (out, in, 1, 1) or (out, in).
  const auto projected = project_to_signal(x, pointwise_weight_.flatten(1), pointwise_bias_)
                             .unflatten(2, {grid.height, grid.width});
  if (filter_ != nullptr && qk_norm_ == nullptr) {
    // The fused path makes no streams: they are computed beside it.
    observe_streams([&] { return short_conv2d(projected, depthwise_weight_, depthwise_bias_); });
    return project_out(convolve_streams(projected));
  }
  const auto streams = short_conv2d(projected, depthwise_weight_, depthwise_bias_);
  observe_streams([&] { return streams; });
  const auto qkv = streams.chunk(3, 1);
  at::Tensor k = qkv[0], v = qkv[1];
  if (qk_norm_ != nullptr) {
    v = qk_norm_->forward((k * v).permute({0, 2, 3, 1})).permute({0, 3, 1, 2});
    k = at::Tensor();
  }
  return project_out(convolve(qkv[2], k, v));
}

void Hyena2dMixer::observe_streams(const std::function<at::Tensor()>& streams) const {
  if (!observing()) return;
  std::vector<at::Tensor> made;
  const auto part = [&](std::size_t i) {
    if (made.empty()) made = streams().chunk(3, 1);
    return made[i];
  };
  observe("g_out", [&] { return part(2); });
  observe("g_in.0", [&] { return part(0); });
  observe("v", [&] { return part(1); });
  observe("product", [&] {
    const auto product = part(0) * part(1);
    if (qk_norm_ == nullptr) return product;
    return qk_norm_->forward(product.permute({0, 2, 3, 1})).permute({0, 3, 1, 2});
  });
}

LongFilters Hyena2dMixer::long_filters(const TokenGrid& grid) {
  LongFilters out;
  out.over_map = true;
  const std::int64_t d = out_weight_.size(0);
  if (filter_ != nullptr) {
    out.taps = filter_->forward();
    out.window = filter_->window();
    out.features = filter_->features();
    out.skip = filter_->bias.flatten();
  } else if (taps_.defined()) {
    out.taps = taps_.squeeze(1).flip({1, 2});
    out.offset = taps_bias_.unsqueeze(1);
  } else {
    out.taps = (row_taps_ * column_taps_).squeeze(1).flip({1, 2});
    if (grid.patches() > 0) {
      // The first bias goes through the second filter, whose taps reach outside near the edges.
      const auto first = row_bias_.view({1, -1, 1, 1}).expand({1, d, grid.height, grid.width});
      out.offset =
          (fftconv2d(first, column_taps_.squeeze(1).flip({1, 2})) + column_bias_.view({-1, 1, 1}))
              .flatten(2)
              .squeeze(0);
    }
  }
  out.short_taps = depthwise_weight_.squeeze(1).slice(0, d, 2 * d).flip({1, 2});
  out.out_weight = out_weight_.flatten(1);
  out.channels = d;
  out.normalised = qk_norm_ != nullptr;
  return out;
}

at::Tensor Hyena2dMixer::project_out(const at::Tensor& map) const {
  observe("y", map);
  auto y = map.flatten(2);  // (B, D, L)
  if (out_norm_ != nullptr) y = out_norm_->forward(y.transpose(1, 2)).transpose(1, 2);
  return project_to_tokens(y, out_weight_.flatten(1), out_bias_);
}

void Hyena2dMixer::resize_filters(const TokenGrid& grid) {
  if (filter_ != nullptr && options_.filter.long_kernel_size == 0) filter_->resize(long_side(grid));
}

MixerEntry hyena2d_mixer() {
  return {.name = "hyena2d",
          .summary = "2-D Hyena with a global implicit filter (HyenaPixel's H_px)",
          .key = "mixer",
          .options = default_options<Hyena2dOptions>,
          .make = [](const MixerContext& context, const nlohmann::json& options) {
            return std::make_unique<Hyena2dMixer>(
                context, options_of<Hyena2dOptions>(options, "mixer hyena2d"));
          }};
}

}  // namespace hyena::backbone
