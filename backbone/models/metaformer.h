#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "backbone/layers.h"
#include "backbone/mixer.h"
#include "backbone/vision_model.h"

namespace hyena::backbone {

/// Settings of the hierarchical model; lists have one entry for each stage. The options of the
/// mixers stand beside them in JSON under "mixer_options", a list or one object for all stages.
struct MetaFormerOptions {
  std::int64_t img_size = 224;
  std::int64_t in_chans = 3;
  std::int64_t num_classes = 1000;
  std::vector<std::int64_t> depths = {3, 3, 9, 3};
  std::vector<std::int64_t> dims = {64, 128, 320, 512};
  std::vector<std::string> mixer = {"hyena2d"};
  double mlp_ratio = 4;
  double drop_path = 0;
  double head_dropout = 0;

  template <class Visitor>
  void visit(Visitor& v) {
    v.field("img_size", img_size,
            {.help = "side of the square the model is built for", .unit = "pixels", .min = 8});
    v.field("in_chans", in_chans, {.help = "channels of a picture", .min = 1});
    v.field("num_classes", num_classes, {.help = "classes; 0 builds no classifier", .min = 0});
    v.field("depths", depths, {.help = "blocks of each stage", .min = 1, .max = 1000});
    v.field("dims", dims, {.help = "width of each stage", .min = 1});
    v.field("mixer", mixer, {.help = "kind of token mixer, one for all stages or one for each"});
    v.field("mlp_ratio", mlp_ratio, {.help = "width of the MLP over dim", .min = 0.01, .max = 64});
    v.field("drop_path", drop_path,
            {.help = "stochastic depth of the last block, rising linearly", .min = 0, .max = 0.99});
    v.field("head_dropout", head_dropout,
            {.help = "dropout before the last layer", .min = 0, .max = 0.99});
  }
};

/// MetaFormer (Yu et al. 2022) as HyenaPixel builds it (Spravil et al. 2024): a 7×7 stem of stride
/// 4 and 3×3 downsamplings of stride 2 in front of the stages, blocks
///   x ← res_scale1 ⊙ x + mixer(norm1(x));  x ← res_scale2 ⊙ x + mlp(norm2(x))
/// with bias-free norms (eps 1e-6), StarReLU and bias-free MLPs; res_scale from the third stage on.
/// The mean over the last map is normed and goes through an MLP head with squared ReLU.
/// State with the reference's keys. Feature map: (B, H', W', D).
///
/// Initialised as the reference: linear layers and 2-D convolutions, those of the filters too,
/// truncated normal with std 0.02 and bias 0; 1-D convolutions keep PyTorch's default.
class MetaFormer final : public VisionModel {
 public:
  /// Throws OptionError when the lists differ in length.
  MetaFormer(const MetaFormerOptions& options, const nlohmann::json& options_json);

  VisionInfo info() const override;
  at::Tensor forward_features(const at::Tensor& images) override;
  at::Tensor pool(const at::Tensor& features) override;
  at::Tensor head(const at::Tensor& pooled) override;
  std::int64_t layer_of(const std::string& parameter) const override;
  void reset_head(std::int64_t num_classes) override;
  void set_img_size(std::int64_t img_size) override;

 private:
  class Downsampling;
  class Block;
  struct Stage {
    Downsampling* downsampling;
    std::vector<Block*> blocks;
  };

  std::int64_t depth() const;

  MetaFormerOptions options_;
  std::vector<Stage> stages_;
  LayerNorm* norm_ = nullptr;
  Linear* fc1_ = nullptr;
  LayerNorm* head_norm_ = nullptr;
  Linear* fc2_ = nullptr;
};

ModelFamily metaformer_family();

}  // namespace hyena::backbone
