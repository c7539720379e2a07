#include "backbone/models/safari_vit.h"

#include <memory>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "backbone/models/blocks.h"
#include "backbone/models/mixer_choice.h"
#include "backbone/models/position_table.h"
#include "backbone/observer.h"

namespace hyena::backbone {

class SafariVit::MixerUnit final : public Module {
 public:
  MixerUnit(const MixerEntry& mixer, const MixerContext& context,
            const nlohmann::json& mixer_options, double rate)
      : rate_(rate) {
    mixer_ = &add_child("layer", mixer.make(context, mixer_options));
    norm_ = &make_child<LayerNorm>("norm.norm", context.d_model);
  }
  at::Tensor forward(const at::Tensor& x, const TokenGrid& grid) {
    const ObserverScope scope("layer");
    return x + drop_path(mixer_->forward(norm_->forward(x), grid), rate_, is_training());
  }
  Mixer& mixer() { return *mixer_; }

 private:
  double rate_;
  Mixer* mixer_;
  LayerNorm* norm_;
};

class SafariVit::MlpUnit final : public Module {
 public:
  MlpUnit(std::int64_t dim, std::int64_t hidden, double rate) : rate_(rate) {
    fc1_ = &make_child<Linear>("layer.ff.0.0", dim, hidden);
    fc2_ = &make_child<Linear>("layer.ff.2", hidden, dim);
    norm_ = &make_child<LayerNorm>("norm.norm", dim);
  }
  at::Tensor forward(const at::Tensor& x) {
    const auto y = fc2_->forward(at::gelu(fc1_->forward(norm_->forward(x))));
    return x + drop_path(y, rate_, is_training());
  }

 private:
  double rate_;
  Linear *fc1_, *fc2_;
  LayerNorm* norm_;
};

SafariVit::SafariVit(const SafariVitOptions& options, const nlohmann::json& mixer_options)
    : options_(options),
      grid_(patch_grid("safari_vit", options.img_size, options.patch, prefix())) {
  const std::int64_t dim = options_.dim;
  const MixerEntry& mixer = find_mixer(options_.mixer);
  if (options_.use_cls_token) cls_token_ = add_parameter("cls_token", at::empty({1, 1, dim}));
  if (options_.use_pos_embed) {
    pos_embed_ = add_parameter("pos_embed", at::empty({1, grid_.tokens(), dim}));
  }
  stem_ = &make_child<PatchStem>("patch_embed", options_.in_chans, dim, options_.patch);
  const auto rates = drop_path_rates(options_.drop_path, options_.depth);
  const auto hidden = static_cast<std::int64_t>(static_cast<double>(dim) * options_.expand);
  for (std::int64_t i = 0; i < options_.depth; ++i) {
    const MixerContext context{
        .d_model = dim, .grid = grid_, .layer = i, .num_layers = options_.depth};
    const double rate = rates[static_cast<std::size_t>(i)];
    mixer_units_.push_back(&make_child<MixerUnit>("blocks." + std::to_string(2 * i), mixer, context,
                                                  mixer_options, rate));
    mlp_units_.push_back(
        &make_child<MlpUnit>("blocks." + std::to_string(2 * i + 1), dim, hidden, rate));
  }
  norm_ = &make_child<LayerNorm>("norm.norm", dim);
  if (options_.representation_size > 0) {
    pre_logits_ = &make_child<Linear>("pre_logits.fc", dim, options_.representation_size);
  }
  if (options_.num_classes > 0) {
    head_ = &make_child<Linear>("head", info().num_features, options_.num_classes);
  }
  initialise_weights(
      *this, [](const std::string&, const at::Tensor& weight) { return weight.dim() == 2; });
  for (const at::Tensor& table : {cls_token_, pos_embed_}) {
    if (table.defined()) trunc_normal_(table, 0.02);
  }
}

VisionInfo SafariVit::info() const {
  const std::int64_t representation = options_.representation_size;
  return {.in_chans = options_.in_chans,
          .img_size = options_.img_size,
          .num_classes = head_ != nullptr ? head_->weight.size(0) : 0,
          .num_features = representation > 0 ? representation : options_.dim,
          .depth = options_.depth};
}

at::Tensor SafariVit::forward_features(const at::Tensor& images) {
  const TokenGrid grid =
      patch_grid("safari_vit", images, options_.in_chans, options_.patch, prefix());
  auto x = tokens_of(stem_->forward(images));
  observe("patch_embed", x);
  if (cls_token_.defined()) x = at::cat({cls_token_.expand({x.size(0), -1, -1}), x}, 1);
  if (pos_embed_.defined()) x = x + resize_position_table(pos_embed_, prefix(), grid_, grid);
  for (std::size_t i = 0; i < mixer_units_.size(); ++i) {
    const auto unit = static_cast<std::int64_t>(2 * i);
    {
      const ObserverScope scope("blocks", unit);
      x = mixer_units_[i]->forward(x, grid);
      observe("", x);
    }
    const ObserverScope scope("blocks", unit + 1);
    x = mlp_units_[i]->forward(x);
    observe("", x);
  }
  return norm_->forward(x);
}

at::Tensor SafariVit::pool(const at::Tensor& features) {
  const auto pooled = cls_token_.defined() ? features.select(1, 0) : features.mean(1);
  return pre_logits_ != nullptr ? at::tanh(pre_logits_->forward(pooled)) : pooled;
}

at::Tensor SafariVit::head(const at::Tensor& pooled) {
  return head_ != nullptr ? head_->forward(pooled) : pooled;
}

std::int64_t SafariVit::layer_of(const std::string& parameter) const {
  if (parameter.starts_with("blocks.")) return index_after(parameter, "blocks.") / 2 + 1;
  if (parameter.starts_with("norm.")) return options_.depth;  // with the last block, as in timm
  if (parameter.starts_with("head.") || parameter.starts_with("pre_logits.")) {
    return options_.depth + 1;
  }
  return 0;
}

std::vector<std::string> SafariVit::no_weight_decay() const {
  return {"pos_embed", "cls_token"};
}

void SafariVit::reset_head(std::int64_t num_classes) {
  reset_classifier(head_, num_classes);
}

void SafariVit::set_img_size(std::int64_t img_size) {
  const TokenGrid grid = patch_grid("safari_vit", img_size, options_.patch, prefix());
  if (pos_embed_.defined()) {
    const at::NoGradGuard no_grad;
    replace("pos_embed", resize_position_table(pos_embed_, prefix(), grid_, grid));
  }
  for (MixerUnit* unit : mixer_units_) unit->mixer().resize_filters(grid);
  options_.img_size = img_size;
  grid_ = grid;
}

ModelFamily safari_vit_family() {
  return {.name = "safari_vit",
          .kind = VisionModel::kKind,
          .options = default_options<SafariVitOptions>,
          .make = [](const nlohmann::json& options) -> std::unique_ptr<Model> {
            return std::make_unique<SafariVit>(
                options_of<SafariVitOptions>(family_fields(options), "safari_vit options"),
                mixer_options(options));
          }};
}

}  // namespace hyena::backbone
