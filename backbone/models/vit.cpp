#include "backbone/models/vit.h"

#include <memory>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "backbone/models/blocks.h"
#include "backbone/models/mixer_choice.h"
#include "backbone/models/position_table.h"
#include "backbone/observer.h"

namespace hyena::backbone {
namespace {

constexpr double kNormEps = 1e-6;

const VitOptions& checked(const VitOptions& options) {
  if (options.pool == "token" && !options.class_token) {
    throw OptionError("vit: pool token needs class_token");
  }
  return options;
}

}  // namespace

class Vit::Block final : public Module {
 public:
  Block(const VitOptions& options, const MixerEntry& mixer, const MixerContext& context,
        const nlohmann::json& mixer_options, double drop_path)
      : key_(mixer.key), drop_path_(drop_path) {
    const std::int64_t dim = options.dim;
    const auto layer_scale = [&](const char* key) {
      return options.init_values > 0 ? add_parameter(key, at::full({dim}, options.init_values))
                                     : at::Tensor();
    };
    norm1_ = &make_child<LayerNorm>("norm1", dim, kNormEps);
    mixer_ = &add_child(mixer.key, mixer.make(context, mixer_options));
    ls1_ = layer_scale("ls1.gamma");
    norm2_ = &make_child<LayerNorm>("norm2", dim, kNormEps);
    const auto hidden = static_cast<std::int64_t>(static_cast<double>(dim) * options.mlp_ratio);
    fc1_ = &make_child<Linear>("mlp.fc1", dim, hidden);
    fc2_ = &make_child<Linear>("mlp.fc2", hidden, dim);
    ls2_ = layer_scale("ls2.gamma");
  }

  at::Tensor forward(at::Tensor x, const TokenGrid& grid) {
    {
      const ObserverScope scope(key_);
      x = x + branch(mixer_->forward(norm1_->forward(x), grid), ls1_);
    }
    return x + branch(fc2_->forward(at::gelu(fc1_->forward(norm2_->forward(x)))), ls2_);
  }

  Mixer& mixer() { return *mixer_; }

 private:
  at::Tensor branch(const at::Tensor& y, const at::Tensor& gamma) const {
    return backbone::drop_path(gamma.defined() ? y * gamma : y, drop_path_, is_training());
  }

  std::string key_;
  double drop_path_;
  LayerNorm *norm1_, *norm2_;
  Mixer* mixer_;
  Linear *fc1_, *fc2_;
  at::Tensor ls1_, ls2_;  ///< (D), undefined without LayerScale
};

Vit::Vit(const VitOptions& options, const nlohmann::json& mixer_options)
    : options_(checked(options)),
      grid_(patch_grid("vit", options.img_size, options.patch, prefix())) {
  const std::int64_t dim = options_.dim;
  const MixerEntry& mixer = find_mixer(options_.mixer);
  if (options_.class_token) cls_token_ = add_parameter("cls_token", at::empty({1, 1, dim}));
  if (options_.reg_tokens > 0) {
    reg_token_ = add_parameter("reg_token", at::empty({1, options_.reg_tokens, dim}));
  }
  if (options_.pos_embed == "learn") {
    pos_embed_ = add_parameter("pos_embed", at::empty({1, table_prefix() + grid_.patches(), dim}));
  }
  if (options_.stem == "conv") {
    stem_ = &make_child<ConvStem>("patch_embed", options_.in_chans, dim, options_.patch,
                                  options_.stem_act);
  } else {
    // As in timm, a norm right behind the projection makes its bias superfluous.
    stem_ = &make_child<PatchStem>("patch_embed", options_.in_chans, dim, options_.patch,
                                   !options_.pre_norm);
  }
  if (options_.pre_norm) norm_pre_ = &make_child<LayerNorm>("norm_pre", dim, kNormEps);

  const auto rates = drop_path_rates(options_.drop_path, options_.depth);
  for (std::int64_t i = 0; i < options_.depth; ++i) {
    const MixerContext context{
        .d_model = dim, .grid = grid_, .layer = i, .num_layers = options_.depth};
    blocks_.push_back(&make_child<Block>("blocks." + std::to_string(i), options_, mixer, context,
                                         mixer_options, rates[static_cast<std::size_t>(i)]));
  }
  auto*& norm = options_.pool == "token" ? norm_ : fc_norm_;
  norm = &make_child<LayerNorm>(options_.pool == "token" ? "norm" : "fc_norm", dim, kNormEps);
  if (options_.num_classes > 0) head_ = &make_child<Linear>("head", dim, options_.num_classes);
  initialise();
}

void Vit::initialise() {
  const at::NoGradGuard no_grad;
  initialise_weights(*this, [](const std::string& name, const at::Tensor& weight) {
    const bool matrix =
        weight.dim() == 2 || (weight.dim() == 4 && weight.size(2) == 1 && weight.size(3) == 1);
    return matrix && !name.starts_with("patch_embed.") &&
           name.find("implicit_filter") == std::string::npos;
  });
  if (pos_embed_.defined()) trunc_normal_(pos_embed_, 0.02);
  if (cls_token_.defined()) cls_token_.normal_(0, 1e-6);
  if (reg_token_.defined()) reg_token_.normal_(0, 1e-6);
}

VisionInfo Vit::info() const {
  return {.in_chans = options_.in_chans,
          .img_size = options_.img_size,
          .num_classes = head_ != nullptr ? head_->weight.size(0) : 0,
          .num_features = options_.dim,
          .depth = options_.depth};
}

at::Tensor Vit::embed(const at::Tensor& patches, const TokenGrid& grid) const {
  std::vector<at::Tensor> parts;
  for (const at::Tensor& token : {cls_token_, reg_token_}) {
    if (token.defined()) parts.push_back(token.expand({patches.size(0), -1, -1}));
  }
  const auto table = pos_embed_.defined()
                         ? resize_position_table(pos_embed_, table_prefix(), grid_, grid)
                         : at::Tensor();
  const bool patches_only = table.defined() && (options_.no_embed_class || parts.empty());
  parts.push_back(patches_only ? patches + table : patches);
  const auto tokens = parts.size() == 1 ? parts.front() : at::cat(parts, 1);
  return table.defined() && !patches_only ? tokens + table : tokens;
}

at::Tensor Vit::forward_features(const at::Tensor& images) {
  const TokenGrid grid = patch_grid("vit", images, options_.in_chans, options_.patch, prefix());
  const auto patches = tokens_of(stem_->forward(images));
  observe("patch_embed", patches);
  auto x = embed(patches, grid);
  if (norm_pre_ != nullptr) x = norm_pre_->forward(x);
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    const ObserverScope scope("blocks", static_cast<std::int64_t>(i));
    x = blocks_[i]->forward(x, grid);
    observe("", x);
  }
  return norm_ != nullptr ? norm_->forward(x) : x;
}

at::Tensor Vit::pool(const at::Tensor& features) {
  if (norm_ != nullptr) return features.select(1, 0);
  return fc_norm_->forward(features.slice(1, prefix()).mean(1));
}

at::Tensor Vit::head(const at::Tensor& pooled) {
  return head_ != nullptr ? head_->forward(pooled) : pooled;
}

std::int64_t Vit::layer_of(const std::string& parameter) const {
  const auto starts = [&](const char* prefix) { return parameter.starts_with(prefix); };
  if (starts("blocks.")) return index_after(parameter, "blocks.") + 1;
  if (starts("norm.")) return options_.depth;  // with the last block, as in timm
  if (starts("head.") || starts("fc_norm.")) return options_.depth + 1;
  return 0;
}

std::vector<std::string> Vit::no_weight_decay() const {
  return {"pos_embed", "cls_token", "reg_token"};
}

void Vit::reset_head(std::int64_t num_classes) {
  reset_classifier(head_, num_classes);
}

void Vit::set_img_size(std::int64_t img_size) {
  const TokenGrid grid = patch_grid("vit", img_size, options_.patch, prefix());
  if (pos_embed_.defined()) {
    const at::NoGradGuard no_grad;
    replace("pos_embed", resize_position_table(pos_embed_, table_prefix(), grid_, grid));
  }
  for (Block* block : blocks_) block->mixer().resize_filters(grid);
  options_.img_size = img_size;
  grid_ = grid;
}

ModelFamily vit_family() {
  return {.name = "vit",
          .kind = VisionModel::kKind,
          .options = default_options<VitOptions>,
          .make = [](const nlohmann::json& options) -> std::unique_ptr<Model> {
            return std::make_unique<Vit>(
                options_of<VitOptions>(family_fields(options), "vit options"),
                mixer_options(options));
          }};
}

}  // namespace hyena::backbone
