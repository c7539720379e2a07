#pragma once

#include <functional>
#include <memory>

#include "backbone/filter_cache.h"
#include "backbone/hyena_filter2d.h"
#include "backbone/layers.h"
#include "backbone/mixer.h"
#include "backbone/ops/fftconv.h"

namespace hyena::backbone {

/// Settings of the 2-D Hyena mixer; names are HyenaPixel's.
struct Hyena2dOptions {
  std::int64_t kernel_size = 5;
  bool use_layernorm = false;
  bool use_implicit_filter = true;
  bool use_separable_conv = false;
  HyenaFilter2dOptions filter;

  template <class Visitor>
  void visit(Visitor& v) {
    v.field("kernel_size", kernel_size,
            {.help = "side of the short convolution, odd", .unit = "tokens", .min = 1, .max = 63});
    v.field("use_layernorm", use_layernorm, {.help = "normalise the gated value and the result"});
    v.field("use_implicit_filter", use_implicit_filter,
            {.help = "long filter from an MLP; off: its taps are the parameters"});
    v.field("use_separable_conv", use_separable_conv,
            {.help = "explicit taps as a column after a row filter"});
    filter.visit(v);
  }
};

/// HyenaPixel's operator H_px over a map, order 2:
///   (q, k, v) = depthwise(pointwise(x));  y = out_proj( v ⊙ (h ∗ (q ⊙ k) + b ⊙ (q ⊙ k)) )
/// with a centred 2-D filter and zeros outside the map; exact at any resolution and aspect ratio.
/// State: pointwise_conv.*, depthwise_conv.*, long_conv.* (or long_{horizontal,vertical}_conv.*),
/// qk_norm.weight, out_norm.weight, out_proj.*, with the reference's shapes.
class Hyena2dMixer : public Mixer {
 public:
  Hyena2dMixer(const MixerContext& context, const Hyena2dOptions& options);

  /// x (B, H·W, D). Prefix tokens have no place on the map: OptionError.
  at::Tensor forward(const at::Tensor& x, const TokenGrid& grid) override;
  void resize_filters(const TokenGrid& grid) override;
  LongFilters long_filters(const TokenGrid& grid) override;

  /// Null with an explicit filter.
  HyenaFilter2d* filter() { return filter_; }

 private:
  /// Hands the streams (B, 3D, H, W), behind the short filter, to an observer that wants them.
  void observe_streams(const std::function<at::Tensor()>& streams) const;
  /// The implicit filter made ready for maps like `like`, kept between calls of inference.
  PreparedFilter prepared(const at::Tensor& like);
  /// From the projected streams (B, 3D, H, W) to (B, D, H, W), with the implicit filter.
  at::Tensor convolve_streams(const at::Tensor& streams);
  /// (B, D, H, W) → (B, L, D).
  at::Tensor project_out(const at::Tensor& map) const;
  /// q ⊙ (filter ∗ (k ⊙ v)), maps (B, D, H, W); without k, v is the product already.
  at::Tensor convolve(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v);

  Hyena2dOptions options_;
  at::Tensor pointwise_weight_, pointwise_bias_, depthwise_weight_, depthwise_bias_;
  HyenaFilter2d* filter_ = nullptr;
  at::Tensor taps_, row_taps_, column_taps_;  ///< explicit filters
  at::Tensor taps_bias_, row_bias_, column_bias_;
  LayerNorm* qk_norm_ = nullptr;
  LayerNorm* out_norm_ = nullptr;
  at::Tensor out_weight_, out_bias_;
  ParameterCache<PreparedFilter> cache_;
};

}  // namespace hyena::backbone
