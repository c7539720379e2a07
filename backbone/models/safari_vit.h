#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "backbone/layers.h"
#include "backbone/mixer.h"
#include "backbone/models/stem.h"
#include "backbone/vision_model.h"

namespace hyena::backbone {

/// Settings of safari's vision transformer. The options of its mixer stand beside them in JSON
/// under "mixer_options".
struct SafariVitOptions {
  std::int64_t img_size = 224;
  std::int64_t in_chans = 3;
  std::int64_t num_classes = 1000;
  std::int64_t patch = 16;
  std::int64_t dim = 768;
  std::int64_t depth = 12;
  std::string mixer = "hyena";
  double expand = 4;
  bool use_cls_token = false;
  bool use_pos_embed = false;
  std::int64_t representation_size = 0;
  double drop_path = 0;

  template <class Visitor>
  void visit(Visitor& v) {
    v.field("img_size", img_size,
            {.help = "side of the square the model is built for", .unit = "pixels", .min = 1});
    v.field("in_chans", in_chans, {.help = "channels of a picture", .min = 1});
    v.field("num_classes", num_classes, {.help = "classes; 0 builds no classifier", .min = 0});
    v.field("patch", patch, {.help = "side of a patch", .unit = "pixels", .min = 1});
    v.field("dim", dim, {.help = "width d_model", .min = 1});
    v.field("depth", depth, {.help = "number of blocks", .min = 1, .max = 1000});
    v.field("mixer", mixer, {.help = "kind of token mixer"});
    v.field("expand", expand, {.help = "width of the MLP over dim", .min = 0.01, .max = 64});
    v.field("use_cls_token", use_cls_token,
            {.help = "prepend a class token and classify it; off: classify the mean"});
    v.field("use_pos_embed", use_pos_embed, {.help = "learned position table"});
    v.field("representation_size", representation_size,
            {.help = "width of a tanh layer before the classifier; 0 leaves it out", .min = 0});
    v.field("drop_path", drop_path,
            {.help = "stochastic depth of the last block, rising linearly", .min = 0, .max = 0.99});
  }
};

/// safari's VisionTransformer, the model of "Hyena Hierarchy" on ImageNet (Poli et al. 2023, 4.5):
/// per depth a mixer unit blocks.{2i} and an MLP unit blocks.{2i+1}, each x ← x + layer(norm(x)),
/// then a norm and the mean over the tokens. The mixer is the causal Hyena over patches in raster
/// order, so a class token in front sees nothing of the picture, as in the reference.
///
/// Initialised as the reference: every linear layer, those of the implicit filters too, truncated
/// normal with std 0.02 and bias 0.
class SafariVit final : public VisionModel {
 public:
  SafariVit(const SafariVitOptions& options, const nlohmann::json& mixer_options);

  VisionInfo info() const override;
  at::Tensor forward_features(const at::Tensor& images) override;
  at::Tensor pool(const at::Tensor& features) override;
  at::Tensor head(const at::Tensor& pooled) override;
  std::int64_t layer_of(const std::string& parameter) const override;
  std::vector<std::string> no_weight_decay() const override;
  void reset_head(std::int64_t num_classes) override;
  void set_img_size(std::int64_t img_size) override;

 private:
  class MixerUnit;
  class MlpUnit;

  std::int64_t prefix() const { return options_.use_cls_token ? 1 : 0; }

  SafariVitOptions options_;
  TokenGrid grid_;  ///< at img_size
  at::Tensor cls_token_, pos_embed_;
  Stem* stem_ = nullptr;
  std::vector<MixerUnit*> mixer_units_;
  std::vector<MlpUnit*> mlp_units_;
  LayerNorm* norm_ = nullptr;
  Linear* pre_logits_ = nullptr;
  Linear* head_ = nullptr;
};

ModelFamily safari_vit_family();

}  // namespace hyena::backbone
