#pragma once

#include <cstdint>
#include <string>

#include <ATen/core/Tensor.h>

#include "backbone/module.h"
#include "backbone/options.h"

namespace hyena::backbone {

/// Settings of a 2-D implicit filter; names and defaults are HyenaPixel's.
struct HyenaFilter2dOptions {
  std::int64_t filter_emb_dim = 32;
  std::int64_t filter_order = 0;
  std::int64_t long_kernel_size = 0;
  std::string pe_type = "2d";
  std::string features = "table";
  bool use_decay = true;
  double filter_lr = 0;
  double filter_wd = -1;

  template <class Visitor>
  void visit(Visitor& v) {
    v.field("filter_emb_dim", filter_emb_dim,
            {.help = "positional features E of the filter, a multiple of 4", .min = 4});
    v.field("filter_order", filter_order,
            {.help = "width F of the filter's MLP; 0 takes 2E", .min = 0});
    v.field("long_kernel_size", long_kernel_size,
            {.help = "side of the long filter; 0 takes 2 * (longer side of the map) - 1",
             .unit = "tokens",
             .min = 0});
    v.field("pe_type", pe_type,
            {.help = "positional features along rows and columns, or along the raster order",
             .choices = {"1d", "2d"}});
    v.field("features", features,
            {.help = "a learned table that starts as waves, or the waves themselves, which are "
                     "evaluated anew at another resolution",
             .choices = {"table", "coordinates"}});
    v.field("use_decay", use_decay,
            {.help = "multiply the filter with a window exp(-|delta| * distance)"});
    v.field("filter_lr", filter_lr,
            {.help = "learning rate of the filter's parameters; 0 takes the run's", .min = 0});
    v.field("filter_wd", filter_wd,
            {.help = "weight decay of them; -1 takes the run's", .min = -1});
  }
};

/// HyenaPixel's implicit 2-D filter: a table of positional features → sine MLP of 1x1 convolutions
/// → window over the distance to the centre, with learned decay rates and shift. State, with the
/// reference's shapes: z (1, E, K, K), distance_map (1, 1, K, K), deltas, shift and bias (1, D, 1,
/// 1), implicit_filter.{0,2,4}.*, implicit_filter.{1,3}.freq.
class HyenaFilter2d : public Module {
 public:
  /// `kernel` K: side of the filter.
  HyenaFilter2d(std::int64_t d_model, std::int64_t kernel, const HyenaFilter2dOptions& options);

  /// The filter (D, K, K), lag 0 at [K/2, K/2]; float32 at least, also under autocast.
  at::Tensor forward() const;

  /// The window alone, (D, K, K); undefined without decay.
  at::Tensor window() const;
  /// The positional features, (E, K, K).
  at::Tensor features() const { return z_.squeeze(0); }

  /// Another side: a learned table is resized (bicubic, antialias), waves are evaluated anew, and
  /// distances are rescaled so that the window spans the same part of the picture:
  /// distance · 2·K_old / K_new in pixels of the new filter (HyenaPixel's interpolation).
  void resize(std::int64_t kernel);

  std::int64_t kernel() const { return z_.size(2); }

  at::Tensor bias;  ///< (1, D, 1, 1), the skip term

 private:
  at::Tensor waves(std::int64_t kernel) const;

  HyenaFilter2dOptions options_;
  std::int64_t trained_kernel_;
  at::Tensor z_, distance_, deltas_, shift_;
  at::Tensor weight_[3], mlp_bias_[2], freq_[2];
};

}  // namespace hyena::backbone
