#include "backbone/models/metaformer.h"

#include <memory>
#include <numeric>

#include <ATen/ATen.h>

#include "backbone/models/blocks.h"
#include "backbone/models/mixer_choice.h"
#include "backbone/observer.h"

namespace hyena::backbone {
namespace {

constexpr double kNormEps = 1e-6;
constexpr std::size_t kFirstScaledStage = 2;
constexpr std::int64_t kHeadRatio = 4;

/// Side of what a convolution makes of `side` positions.
std::int64_t conv_side(std::int64_t side, const ConvOptions& conv) {
  return (side + 2 * conv.padding - conv.kernel) / conv.stride + 1;
}

ConvOptions downsampling_conv(std::size_t stage) {
  return stage == 0 ? ConvOptions{.kernel = 7, .stride = 4, .padding = 2}
                    : ConvOptions{.kernel = 3, .stride = 2, .padding = 1};
}

/// Maps of the stages for a square picture.
std::vector<TokenGrid> stage_grids(std::int64_t img_size, std::size_t stages) {
  std::vector<TokenGrid> grids;
  std::int64_t side = img_size;
  for (std::size_t s = 0; s < stages; ++s) {
    side = conv_side(side, downsampling_conv(s));
    grids.push_back({.height = side, .width = side});
  }
  return grids;
}

MetaFormerOptions checked(MetaFormerOptions options) {
  const std::size_t stages = options.depths.size();
  if (stages == 0 || options.dims.size() != stages) {
    throw OptionError("metaformer: depths and dims need one entry for each stage, got " +
                      std::to_string(stages) + " and " + std::to_string(options.dims.size()));
  }
  if (options.mixer.size() == 1) options.mixer.resize(stages, options.mixer.front());
  if (options.mixer.size() != stages) {
    throw OptionError("metaformer: mixer needs one entry, or one for each of the " +
                      std::to_string(stages) + " stages, got " +
                      std::to_string(options.mixer.size()));
  }
  return options;
}

}  // namespace

/// (B, H, W, C) → (B, H', W', C'); the first one takes a picture (B, C, H, W).
class MetaFormer::Downsampling final : public Module {
 public:
  Downsampling(std::size_t stage, std::int64_t in, std::int64_t out) : stem_(stage == 0) {
    if (!stem_) norm_ = &make_child<LayerNorm>("pre_norm", in, kNormEps, false);
    conv_ = &make_child<Conv2d>("conv", in, out, downsampling_conv(stage));
    if (stem_) norm_ = &make_child<LayerNorm>("post_norm", out, kNormEps, false);
  }
  at::Tensor forward(const at::Tensor& x) const {
    if (stem_) return norm_->forward(conv_->forward(x).permute({0, 2, 3, 1}).contiguous());
    return conv_->forward(norm_->forward(x).permute({0, 3, 1, 2}))
        .permute({0, 2, 3, 1})
        .contiguous();
  }

 private:
  bool stem_;
  LayerNorm* norm_;
  Conv2d* conv_;
};

class MetaFormer::Block final : public Module {
 public:
  Block(const MixerEntry& mixer, const MixerContext& context, const nlohmann::json& mixer_options,
        double mlp_ratio, double rate, bool scaled)
      : rate_(rate) {
    const std::int64_t dim = context.d_model;
    const auto hidden = static_cast<std::int64_t>(static_cast<double>(dim) * mlp_ratio);
    const auto res_scale = [&](const char* key) {
      return scaled ? add_parameter(key, at::ones({dim})) : at::Tensor();
    };
    norm1_ = &make_child<LayerNorm>("norm1", dim, kNormEps, false);
    mixer_ = &add_child("token_mixer", mixer.make(context, mixer_options));
    res_scale1_ = res_scale("res_scale1.scale");
    norm2_ = &make_child<LayerNorm>("norm2", dim, kNormEps, false);
    fc1_ = &make_child<Linear>("mlp.fc1", dim, hidden, false);
    act_scale_ = add_parameter("mlp.act.scale", at::ones({1}));
    act_bias_ = add_parameter("mlp.act.bias", at::zeros({1}));
    fc2_ = &make_child<Linear>("mlp.fc2", hidden, dim, false);
    res_scale2_ = res_scale("res_scale2.scale");
  }

  /// x (B, L, D)
  at::Tensor forward(at::Tensor x, const TokenGrid& grid) {
    {
      const ObserverScope scope("token_mixer");
      const auto normed = norm1_->forward(x);
      observe("in", normed);
      const auto mixed = mixer_->forward(normed, grid);
      observe("out", mixed);
      x = scaled(x, res_scale1_) + drop_path(mixed, rate_, is_training());
    }
    const auto hidden = star_relu(fc1_->forward(norm2_->forward(x)), act_scale_, act_bias_);
    return scaled(x, res_scale2_) + drop_path(fc2_->forward(hidden), rate_, is_training());
  }

  Mixer& mixer() { return *mixer_; }

 private:
  static at::Tensor scaled(const at::Tensor& x, const at::Tensor& scale) {
    return scale.defined() ? x * scale : x;
  }

  double rate_;
  LayerNorm *norm1_, *norm2_;
  Mixer* mixer_;
  Linear *fc1_, *fc2_;
  at::Tensor act_scale_, act_bias_;     ///< (1) each
  at::Tensor res_scale1_, res_scale2_;  ///< (D), undefined in the first stages
};

MetaFormer::MetaFormer(const MetaFormerOptions& options, const nlohmann::json& options_json)
    : options_(checked(options)) {
  const std::size_t stages = options_.depths.size();
  const auto grids = stage_grids(options_.img_size, stages);
  const auto rates = drop_path_rates(options_.drop_path, depth());

  for (std::size_t s = 0; s < stages; ++s) {
    const std::int64_t in = s == 0 ? options_.in_chans : options_.dims[s - 1];
    stages_.push_back({.downsampling = &make_child<Downsampling>(
                           "downsample_layers." + std::to_string(s), s, in, options_.dims[s]),
                       .blocks = {}});
  }
  std::int64_t layer = 0;
  for (std::size_t s = 0; s < stages; ++s) {
    const MixerEntry& mixer = find_mixer(options_.mixer[s]);
    const auto mixer_json = mixer_options(options_json, s, stages);
    for (std::int64_t b = 0; b < options_.depths[s]; ++b, ++layer) {
      const MixerContext context{
          .d_model = options_.dims[s], .grid = grids[s], .layer = layer, .num_layers = depth()};
      stages_[s].blocks.push_back(&make_child<Block>(
          "stages." + std::to_string(s) + "." + std::to_string(b), mixer, context, mixer_json,
          options_.mlp_ratio, rates[static_cast<std::size_t>(layer)], s >= kFirstScaledStage));
    }
  }
  const std::int64_t dim = options_.dims.back();
  norm_ = &make_child<LayerNorm>("norm", dim, kNormEps);
  if (options_.num_classes > 0) {
    fc1_ = &make_child<Linear>("head.fc1", dim, kHeadRatio * dim);
    head_norm_ = &make_child<LayerNorm>("head.norm", kHeadRatio * dim);
    fc2_ = &make_child<Linear>("head.fc2", kHeadRatio * dim, options_.num_classes);
  }
  initialise_weights(*this, [](const std::string&, const at::Tensor& weight) {
    return weight.dim() == 2 || weight.dim() == 4;
  });
}

std::int64_t MetaFormer::depth() const {
  return std::accumulate(options_.depths.begin(), options_.depths.end(), std::int64_t{0});
}

VisionInfo MetaFormer::info() const {
  return {.in_chans = options_.in_chans,
          .img_size = options_.img_size,
          .num_classes = fc2_ != nullptr ? fc2_->weight.size(0) : 0,
          .num_features = options_.dims.back(),
          .depth = depth()};
}

at::Tensor MetaFormer::forward_features(const at::Tensor& images) {
  if (images.dim() != 4 || images.size(1) != options_.in_chans || images.size(2) < 4 ||
      images.size(3) < 4) {
    throw OptionError("metaformer: images must be (B, " + std::to_string(options_.in_chans) +
                      ", H, W) with sides of at least 4 pixels, got " + c10::str(images.sizes()));
  }
  at::Tensor x = images;
  for (std::size_t s = 0; s < stages_.size(); ++s) {
    const auto stage = static_cast<std::int64_t>(s);
    {
      const ObserverScope scope("downsample_layers", stage);
      x = stages_[s].downsampling->forward(x);  // (B, H, W, C)
      observe("", x);
    }
    const ObserverScope scope("stages", stage);
    const TokenGrid grid{.height = x.size(1), .width = x.size(2)};
    auto tokens = x.flatten(1, 2);  // (B, L, C)
    for (std::size_t b = 0; b < stages_[s].blocks.size(); ++b) {
      const ObserverScope block(std::to_string(b));
      tokens = stages_[s].blocks[b]->forward(tokens, grid);
      observe("", tokens);
    }
    x = tokens.unflatten(1, {grid.height, grid.width});
    observe("", x);
  }
  return x;
}

at::Tensor MetaFormer::pool(const at::Tensor& features) {
  return norm_->forward(features.mean({1, 2}));
}

at::Tensor MetaFormer::head(const at::Tensor& pooled) {
  if (fc2_ == nullptr) return pooled;
  const auto hidden = head_norm_->forward(at::relu(fc1_->forward(pooled)).square());
  return fc2_->forward(backbone::dropout(hidden, options_.head_dropout, is_training()));
}

std::int64_t MetaFormer::layer_of(const std::string& parameter) const {
  // The first block of a stage, or the one behind the last stage.
  const auto first_block = [&](std::int64_t stage) {
    return std::accumulate(options_.depths.begin(), options_.depths.begin() + stage,
                           std::int64_t{0});
  };
  const std::int64_t stage = index_after(parameter, "stages.");
  if (stage >= 0) {
    const std::string prefix = "stages." + std::to_string(stage) + ".";
    return first_block(stage) + index_after(parameter, prefix) + 1;
  }
  const std::int64_t downsampling = index_after(parameter, "downsample_layers.");
  if (downsampling >= 0) return downsampling == 0 ? 0 : first_block(downsampling) + 1;
  return parameter.starts_with("norm.") ? depth() : depth() + 1;
}

void MetaFormer::reset_head(std::int64_t num_classes) {
  reset_classifier(fc2_, num_classes);
}

void MetaFormer::set_img_size(std::int64_t img_size) {
  const auto grids = stage_grids(img_size, stages_.size());
  for (std::size_t s = 0; s < stages_.size(); ++s) {
    for (Block* block : stages_[s].blocks) block->mixer().resize_filters(grids[s]);
  }
  options_.img_size = img_size;
}

ModelFamily metaformer_family() {
  return {.name = "metaformer",
          .kind = VisionModel::kKind,
          .options = default_options<MetaFormerOptions>,
          .make = [](const nlohmann::json& options) -> std::unique_ptr<Model> {
            return std::make_unique<MetaFormer>(
                options_of<MetaFormerOptions>(family_fields(options), "metaformer options"),
                options);
          }};
}

}  // namespace hyena::backbone
