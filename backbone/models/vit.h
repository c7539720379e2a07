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

/// Settings of the isotropic model. The options of its mixer stand beside them in JSON under
/// "mixer_options".
struct VitOptions {
  std::int64_t img_size = 224;
  std::int64_t in_chans = 3;
  std::int64_t num_classes = 1000;
  std::int64_t patch = 16;
  std::int64_t dim = 384;
  std::int64_t depth = 12;
  std::string mixer = "hyena2d";
  double mlp_ratio = 4;
  std::string stem = "patch";
  std::string stem_act = "gelu";
  bool class_token = false;
  std::int64_t reg_tokens = 0;
  std::string pool = "avg";
  std::string pos_embed = "learn";
  bool no_embed_class = false;
  bool pre_norm = false;
  double init_values = 0;
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
    v.field("mlp_ratio", mlp_ratio, {.help = "width of the MLP over dim", .min = 0.01, .max = 64});
    v.field("stem", stem,
            {.help = "one projection for each patch, or 3x3 convolutions with batch norm",
             .choices = {"patch", "conv"}});
    v.field("stem_act", stem_act,
            {.help = "between the convolutions of the stem", .choices = {"gelu", "relu"}});
    v.field("class_token", class_token, {.help = "prepend a learned class token"});
    v.field("reg_tokens", reg_tokens, {.help = "learned register tokens to prepend", .min = 0});
    v.field("pool", pool,
            {.help = "classify the mean of the patches, or the class token",
             .choices = {"avg", "token"}});
    v.field("pos_embed", pos_embed,
            {.help = "learned position table", .choices = {"learn", "none"}});
    v.field("no_embed_class", no_embed_class,
            {.help = "positions for the patches only, not for class and register tokens"});
    v.field("pre_norm", pre_norm, {.help = "layer norm before the first block"});
    v.field("init_values", init_values,
            {.help = "initial LayerScale of the residual branches; 0 leaves it out", .min = 0});
    v.field("drop_path", drop_path,
            {.help = "stochastic depth of the last block, rising linearly", .min = 0, .max = 0.99});
  }
};

/// Isotropic pre-norm model with an exchangeable token mixer:
///   x ← x + ls1(mixer(norm1(x)));  x ← x + ls2(mlp(norm2(x))),   MLP with erf GELU, eps 1e-6.
/// With mixer "attention" it is timm's VisionTransformer, state and numbers alike (Dosovitskiy et
/// al. 2021); with another mixer the child blocks.i.attn becomes blocks.i.mixer.
///
/// Initialised as timm's: linear layers (the mixer's projections too) and the position table
/// truncated normal with std 0.02, biases 0, class and register tokens normal with std 1e-6;
/// convolutions and the implicit filters of Hyena keep PyTorch's default.
///
/// Pictures of another size, rectangles too, are accepted where the mixer serves their grid; the
/// position table is then resized on the fly.
class Vit final : public VisionModel {
 public:
  /// Throws OptionError for settings that contradict each other.
  Vit(const VitOptions& options, const nlohmann::json& mixer_options);

  VisionInfo info() const override;
  at::Tensor forward_features(const at::Tensor& images) override;
  at::Tensor pool(const at::Tensor& features) override;
  at::Tensor head(const at::Tensor& pooled) override;
  std::int64_t layer_of(const std::string& parameter) const override;
  std::vector<std::string> no_weight_decay() const override;
  void reset_head(std::int64_t num_classes) override;
  void set_img_size(std::int64_t img_size) override;

 private:
  class Block;

  /// Class and register tokens in front, positions added: (B, N, D) → (B, prefix + N, D).
  at::Tensor embed(const at::Tensor& patches, const TokenGrid& grid) const;
  std::int64_t prefix() const { return options_.reg_tokens + (options_.class_token ? 1 : 0); }
  std::int64_t table_prefix() const { return options_.no_embed_class ? 0 : prefix(); }
  void initialise();

  VitOptions options_;
  TokenGrid grid_;  ///< at img_size
  at::Tensor cls_token_, reg_token_, pos_embed_;
  Stem* stem_ = nullptr;
  LayerNorm* norm_pre_ = nullptr;
  std::vector<Block*> blocks_;
  LayerNorm* norm_ = nullptr;     ///< before pooling, with pool token
  LayerNorm* fc_norm_ = nullptr;  ///< after pooling, with pool avg
  Linear* head_ = nullptr;
};

ModelFamily vit_family();

}  // namespace hyena::backbone
