#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "backbone/language_model.h"
#include "backbone/layers.h"
#include "backbone/models/language_block.h"

namespace hyena::backbone {

/// Settings of a language model; names are safari's. The options of its mixer stand beside them in
/// JSON under "mixer_options".
struct CausalLmOptions {
  std::int64_t vocab_size = 256;
  std::int64_t pad_vocab_size_multiple = 1;
  std::int64_t d_model = 128;
  std::int64_t n_layer = 4;
  std::int64_t d_inner = 0;
  std::int64_t max_len = 1024;
  std::string mixer = "hyena";
  std::vector<std::int64_t> attn_layer_idx;
  std::int64_t attn_heads = 0;
  bool attn_dwconv = false;
  std::int64_t max_position_embeddings = 0;
  double embed_dropout = 0;
  double resid_dropout = 0;
  bool residual_in_fp32 = true;
  double layer_norm_epsilon = 1e-5;
  bool tie_embeddings = true;
  double initializer_range = 0.02;
  bool checkpoint_blocks = false;
  std::int64_t num_classes = 0;
  std::string class_pool = "mean";
  bool class_bias = true;
  std::int64_t pad_id = -1;

  template <class Visitor>
  void visit(Visitor& v) {
    v.field("vocab_size", vocab_size, {.help = "tokens of the vocabulary", .min = 1});
    v.field("pad_vocab_size_multiple", pad_vocab_size_multiple,
            {.help = "round the rows of the embedding up to a multiple of this", .min = 1});
    v.field("d_model", d_model, {.help = "width", .min = 1});
    v.field("n_layer", n_layer, {.help = "number of blocks", .min = 1, .max = 1000});
    v.field("d_inner", d_inner, {.help = "width of the MLP; 0 takes 4 d_model", .min = 0});
    v.field("max_len", max_len,
            {.help = "sequence length the model is built for", .unit = "tokens", .min = 1});
    v.field("mixer", mixer, {.help = "kind of token mixer"});
    v.field("attn_layer_idx", attn_layer_idx,
            {.help = "layers, from 0, that are causal attention instead of the mixer"});
    v.field("attn_heads", attn_heads,
            {.help = "heads of those layers; 0 takes d_model / 64", .min = 0});
    v.field("attn_dwconv", attn_dwconv, {.help = "short convolution in those layers"});
    v.field("max_position_embeddings", max_position_embeddings,
            {.help = "learned positions; 0 for none, which is what Hyena needs", .min = 0});
    v.field("embed_dropout", embed_dropout,
            {.help = "dropout of the embeddings", .min = 0, .max = 0.99});
    v.field("resid_dropout", resid_dropout,
            {.help = "dropout of what is added to the residual", .min = 0, .max = 0.99});
    v.field("residual_in_fp32", residual_in_fp32,
            {.help = "keep the residual in float32 under autocast"});
    v.field("layer_norm_epsilon", layer_norm_epsilon, {.help = "eps of the norms", .min = 0});
    v.field("tie_embeddings", tie_embeddings, {.help = "the head is the embedding"});
    v.field("initializer_range", initializer_range,
            {.help = "standard deviation of new linear layers and embeddings, those of the "
                     "implicit filters too",
             .min = 0});
    v.field("checkpoint_blocks", checkpoint_blocks,
            {.help = "keep only the blocks' inputs while training and compute the rest again in "
                     "the backward pass"});
    v.field("num_classes", num_classes,
            {.help = "classes of a sequence classifier; 0 for a language model alone", .min = 0});
    v.field("class_pool", class_pool,
            {.help = "what it classifies: mean, sum, first or last hidden state, or that before "
                     "the first pad_id",
             .choices = {"mean", "sum", "first", "last", "before_pad"}});
    v.field("class_bias", class_bias, {.help = "bias of the classifier"});
    v.field("pad_id", pad_id, {.help = "id of the padding token; -1: there is none", .min = -1});
  }
};

/// safari's SimpleLMHeadModel, and HyenaDNA's models, which are the same network: embedding, blocks
/// with carried residual, a norm, and a head tied to the embedding (Poli et al. 2023, appendix A;
/// Nguyen et al. 2023). With mixer "mha" it is a GPT, the control.
///
/// Initialised as the reference: linear layers (those of the implicit filters too) and embeddings
/// normal with initializer_range, out_proj and fc2 narrower by √(2 n_layer), biases 0.
class CausalLm final : public LanguageModel {
 public:
  CausalLm(const CausalLmOptions& options, const nlohmann::json& mixer_options);

  LanguageInfo info() const override;
  ResidualStream embed(const at::Tensor& ids, std::int64_t position) override;
  const std::vector<LanguageBlock*>& blocks() const override { return blocks_; }
  at::Tensor finish(const ResidualStream& stream) override;
  at::Tensor head(const at::Tensor& hidden) override;
  at::Tensor classify(const at::Tensor& ids) override;
  at::Tensor forward_features(const at::Tensor& ids) override;
  at::Tensor loss(const at::Tensor& ids, const at::Tensor& targets, std::int64_t chunk) override;
  TokenScores score(const at::Tensor& ids, const at::Tensor& targets, std::int64_t chunk) override;
  std::int64_t layer_of(const std::string& parameter) const override;

 private:
  void initialise();
  const at::Tensor& head_weight() const;
  at::Tensor pooled(const at::Tensor& hidden, const at::Tensor& ids) const;

  CausalLmOptions options_;
  at::Tensor word_embeddings_, position_embeddings_, head_weight_;
  std::vector<LanguageBlock*> blocks_;
  LayerNorm* ln_f_ = nullptr;
  Linear* classifier_ = nullptr;
};

ModelFamily causal_lm_family();

}  // namespace hyena::backbone
