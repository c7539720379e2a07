#include "backbone/models/causal_lm.h"

#include <algorithm>
#include <cmath>
#include <memory>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "backbone/models/blocks.h"
#include "backbone/models/mixer_choice.h"
#include "backbone/observer.h"
#include "backbone/ops/flops.h"
#include "backbone/ops/linear.h"
#include "backbone/ops/recompute.h"
#include "backbone/ops/token_loss.h"

namespace hyena::backbone {
namespace {

std::int64_t padded(std::int64_t size, std::int64_t multiple) {
  return (size + multiple - 1) / multiple * multiple;
}

std::unique_ptr<Mixer> causal_mixer(const std::string& name, const MixerContext& context,
                                    const nlohmann::json& options) {
  auto mixer = find_mixer(name).make(context, options);
  if (!mixer->causal()) {
    throw OptionError("mixer " + name + " sees the future, which a language model must not; " +
                      "choose a causal one, such as hyena or mha");
  }
  return mixer;
}

}  // namespace

CausalLm::CausalLm(const CausalLmOptions& options, const nlohmann::json& mixer_options)
    : options_(options) {
  const std::int64_t dim = options_.d_model;
  const std::int64_t rows = padded(options_.vocab_size, options_.pad_vocab_size_multiple);
  word_embeddings_ =
      add_parameter("backbone.embeddings.word_embeddings.weight", at::empty({rows, dim}));
  if (options_.max_position_embeddings > 0) {
    position_embeddings_ = add_parameter("backbone.embeddings.position_embeddings.weight",
                                         at::empty({options_.max_position_embeddings, dim}));
  }
  for (const std::int64_t layer : options_.attn_layer_idx) {
    if (layer >= 0 && layer < options_.n_layer) continue;
    throw OptionError("attn_layer_idx: there is no layer " + std::to_string(layer) +
                      "; layers are 0 … " + std::to_string(options_.n_layer - 1));
  }
  const TokenGrid grid{.height = 1, .width = options_.max_len};
  for (std::int64_t i = 0; i < options_.n_layer; ++i) {
    const MixerContext context{
        .d_model = dim, .grid = grid, .layer = i, .num_layers = options_.n_layer};
    const bool attends = std::ranges::count(options_.attn_layer_idx, i) > 0;
    auto mixer =
        attends
            ? causal_mixer("mha", context,
                           {{"num_heads", options_.attn_heads}, {"dwconv", options_.attn_dwconv}})
            : causal_mixer(options_.mixer, context, mixer_options);
    blocks_.push_back(&make_child<LanguageBlock>(
        "backbone.layers." + std::to_string(i), std::move(mixer), dim,
        LanguageBlockOptions{
            .d_inner = options_.d_inner > 0 ? options_.d_inner : 4 * dim,
            .dropout_mixer = i == 0 ? options_.embed_dropout : options_.resid_dropout,
            .dropout_mlp = options_.resid_dropout,
            .eps = options_.layer_norm_epsilon,
            .residual_fp32 = options_.residual_in_fp32}));
  }
  ln_f_ = &make_child<LayerNorm>("backbone.ln_f", dim, options_.layer_norm_epsilon);
  if (options_.num_classes > 0) {
    classifier_ = &make_child<Linear>("head.output_transform", dim, options_.num_classes,
                                      options_.class_bias);
  } else if (options_.tie_embeddings) {
    add_alias("lm_head.weight", "backbone.embeddings.word_embeddings.weight");
    head_weight_ = word_embeddings_;
  } else {
    head_weight_ = add_parameter("lm_head.weight", at::empty({rows, dim}));
  }
  initialise();
}

void CausalLm::initialise() {
  const at::NoGradGuard no_grad;
  const double std = options_.initializer_range;
  const double narrow = std / std::sqrt(2.0 * static_cast<double>(options_.n_layer));
  const auto parameters = this->parameters();
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const auto& [name, tensor, hint, is_parameter, alias] = parameters[i];
    if (!name.ends_with(".weight") || tensor.dim() != 2) continue;
    const bool ends_branch =
        name.ends_with(".mixer.out_proj.weight") || name.ends_with(".mlp.fc2.weight");
    normal_(tensor, ends_branch ? narrow : std);
    const std::string bias = name.substr(0, name.size() - 6) + "bias";
    if (i + 1 < parameters.size() && parameters[i + 1].name == bias) {
      parameters[i + 1].tensor.zero_();
    }
  }
}

LanguageInfo CausalLm::info() const {
  std::int64_t longest = options_.max_position_embeddings;
  for (LanguageBlock* block : blocks_) {
    const std::int64_t own = block->mixer().max_len();
    if (own > 0) longest = longest > 0 ? std::min(longest, own) : own;
  }
  return {.vocab_size = options_.vocab_size,
          .padded_vocab_size = word_embeddings_.size(0),
          .d_model = options_.d_model,
          .depth = options_.n_layer,
          .max_len = longest,
          .num_classes = options_.num_classes};
}

ResidualStream CausalLm::embed(const at::Tensor& ids, std::int64_t position) {
  const std::int64_t rows = word_embeddings_.size(0);
  if (ids.is_cpu() && ids.numel() > 0) {
    const auto [least, most] = at::aminmax(ids);
    if (least.item<std::int64_t>() < 0 || most.item<std::int64_t>() >= rows) {
      throw OptionError("token ids go from " + std::to_string(least.item<std::int64_t>()) + " to " +
                        std::to_string(most.item<std::int64_t>()) +
                        ", and the model's vocabulary from 0 to " + std::to_string(rows - 1) +
                        "; the text was encoded by the tokenizer of another model");
    }
  }
  auto hidden = at::embedding(word_embeddings_, ids);
  if (position_embeddings_.defined()) {
    const std::int64_t end = position + ids.size(1);
    if (end > position_embeddings_.size(0)) {
      throw OptionError("a sequence of " + std::to_string(end) +
                        " tokens, and the model has positions for " +
                        std::to_string(position_embeddings_.size(0)));
    }
    hidden = hidden + position_embeddings_.slice(0, position, end);
  }
  return {hidden, {}};
}

at::Tensor CausalLm::finish(const ResidualStream& stream) {
  return ln_f_->forward(
      add_residual(stream, options_.resid_dropout, is_training(), options_.residual_in_fp32));
}

const at::Tensor& CausalLm::head_weight() const {
  if (!head_weight_.defined()) {
    throw OptionError("this model classifies sequences and has no head for tokens");
  }
  return head_weight_;
}

at::Tensor CausalLm::head(const at::Tensor& hidden) {
  count_flops("linear", 2.0 * static_cast<double>(hidden.numel()) *
                            static_cast<double>(head_weight().size(0)));
  return backbone::linear(hidden, head_weight(), {});
}

at::Tensor CausalLm::forward_features(const at::Tensor& ids) {
  auto stream = embed(ids, 0);
  observe("backbone.embeddings", stream.hidden);
  const ObserverScope backbone("backbone");
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    const ObserverScope scope("layers", static_cast<std::int64_t>(i));
    if (options_.checkpoint_blocks && is_training()) {
      std::vector<at::Tensor> inputs{stream.hidden};
      if (stream.residual.defined()) inputs.push_back(stream.residual);
      const auto outputs = recomputed(
          [block = blocks_[i]](const std::vector<at::Tensor>& x) -> std::vector<at::Tensor> {
            const auto out = block->forward({x[0], x.size() > 1 ? x[1] : at::Tensor()});
            return {out.hidden, out.residual};
          },
          inputs);
      stream = {outputs[0], outputs[1]};
    } else {
      stream = blocks_[i]->forward(stream);
    }
    observe("hidden", stream.hidden);
    observe("residual", stream.residual);
  }
  return finish(stream);
}

at::Tensor CausalLm::loss(const at::Tensor& ids, const at::Tensor& targets, std::int64_t chunk) {
  return token_loss(forward_features(ids), head_weight(), targets, chunk);
}

TokenScores CausalLm::score(const at::Tensor& ids, const at::Tensor& targets, std::int64_t chunk) {
  const at::NoGradGuard no_grad;
  return token_scores(forward_features(ids).flatten(0, 1), head_weight(), targets.reshape({-1}),
                      options_.vocab_size, chunk);
}

at::Tensor CausalLm::pooled(const at::Tensor& hidden, const at::Tensor& ids) const {
  const std::string& pool = options_.class_pool;
  if (pool == "mean") return hidden.mean(1);
  if (pool == "sum") return hidden.sum(1);
  if (pool == "first") return hidden.select(1, 0);
  if (pool == "last") return hidden.select(1, hidden.size(1) - 1);
  // The token before the first padding; the last one where there is none or it comes first.
  const auto before = ids.eq(options_.pad_id).to(at::kLong).argmax(1) - 1;
  const auto index = before.remainder(ids.size(1));
  return hidden.gather(1, index.view({-1, 1, 1}).expand({-1, 1, hidden.size(2)})).squeeze(1);
}

at::Tensor CausalLm::classify(const at::Tensor& ids) {
  if (classifier_ == nullptr) {
    throw OptionError("this language model has no classifier; build it with num_classes");
  }
  return classifier_->forward(pooled(forward_features(ids), ids));
}

std::int64_t CausalLm::layer_of(const std::string& parameter) const {
  const std::int64_t layer = index_after(parameter, "backbone.layers.");
  if (layer >= 0) return layer + 1;
  if (parameter.starts_with("backbone.ln_f.")) return options_.n_layer;
  return parameter.starts_with("backbone.") ? 0 : options_.n_layer + 1;
}

ModelFamily causal_lm_family() {
  return {.name = "causal_lm",
          .kind = LanguageModel::kKind,
          .options = default_options<CausalLmOptions>,
          .make = [](const nlohmann::json& options) -> std::unique_ptr<Model> {
            return std::make_unique<CausalLm>(
                options_of<CausalLmOptions>(family_fields(options), "causal_lm options"),
                mixer_options(options));
          }};
}

}  // namespace hyena::backbone
