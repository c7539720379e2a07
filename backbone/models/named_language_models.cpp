#include <string>
#include <utility>

#include "backbone/models/named_models.h"

namespace hyena::backbone {
namespace {

using nlohmann::json;

constexpr std::int64_t kGpt2Vocabulary = 50257;

struct Size {
  const char* name;
  const char* summary;
  std::int64_t n_layer, d_model, d_inner, heads;
};

/// Appendix A of the Hyena paper; all with GPT-2's vocabulary.
constexpr Size kPaperSizes[] = {
    {"125m", "125M: 12 layers of 768", 12, 768, 3072, 12},
    {"125m_slim", "125M-slim of WikiText-103: 18 layers of 768", 18, 768, 1536, 12},
    {"153m", "153M of The Pile: 18 layers of 864", 18, 864, 1728, 12},
    {"355m", "355M: 36 layers of 1024", 36, 1024, 2048, 16},
    {"1_3b", "1.3B: 36 layers of 2048", 36, 2048, 4096, 16},
};

json sized(const Size& size, std::int64_t max_len) {
  return {{"vocab_size", kGpt2Vocabulary}, {"pad_vocab_size_multiple", 8},
          {"d_model", size.d_model},       {"n_layer", size.n_layer},
          {"d_inner", size.d_inner},       {"max_len", max_len}};
}

/// The filter of safari's language models; its learning rates are the run's.
json pile_filter(std::int64_t order) {
  return {{"order", order}, {"emb_dim", 33},  {"filter_order", 64},
          {"w", 14},        {"filter_lr", 0}, {"lr_pos_emb", 6e-4}};
}

void add_paper(std::vector<ModelEntry>& models) {
  constexpr std::int64_t kMaxLen = 2048;
  for (const Size& size : kPaperSizes) {
    const bool wikitext = std::string(size.name) == "125m_slim";
    json options = sized(size, kMaxLen);
    options["mixer"] = "hyena";
    options["mixer_options"] = pile_filter(wikitext ? 3 : 2);
    models.push_back({.name = std::string("hyena_lm_") + size.name,
                      .family = "causal_lm",
                      .summary = std::string("Hyena language model, ") + size.summary,
                      .options = std::move(options)});
  }
  for (const Size& size : kPaperSizes) {
    if (std::string(size.name) == "125m_slim" || std::string(size.name) == "153m") continue;
    json options = sized(size, kMaxLen);
    // As many layers as published GPTs of that size: half of Hyena's slim ones, MLPs of 4 d_model.
    options["n_layer"] = size.d_inner < 4 * size.d_model ? size.n_layer * 2 / 3 : size.n_layer;
    options["d_inner"] = 4 * size.d_model;
    options["max_position_embeddings"] = kMaxLen;
    options["mixer"] = "mha";
    options["mixer_options"] = {{"num_heads", size.heads}};
    models.push_back({.name = std::string("gpt_") + size.name,
                      .family = "causal_lm",
                      .summary = std::string("GPT of that size, the control"),
                      .options = std::move(options)});
  }
}

/// For a byte or character vocabulary, trained in minutes on a CPU.
void add_tinies(std::vector<ModelEntry>& models) {
  const json shape = {{"vocab_size", 256}, {"d_model", 128}, {"n_layer", 4}, {"max_len", 256}};
  json hyena = shape, gpt = shape;
  hyena["mixer"] = "hyena";
  hyena["mixer_options"] = {{"emb_dim", 17}, {"filter_order", 32}, {"w", 10}};
  gpt["mixer"] = "mha";
  gpt["mixer_options"] = {{"num_heads", 4}};
  gpt["max_position_embeddings"] = 256;
  models.push_back({.name = "hyena_lm_tiny",
                    .family = "causal_lm",
                    .summary = "Hyena for characters or bytes, 4 layers of 128",
                    .options = std::move(hyena)});
  models.push_back({.name = "gpt_tiny",
                    .family = "causal_lm",
                    .summary = "GPT of that size, the control",
                    .options = std::move(gpt)});
}

void add_dna(std::vector<ModelEntry>& models) {
  struct Dna {
    const char* name;
    std::int64_t n_layer, d_model, max_len;
  };
  constexpr Dna kSizes[] = {
      {"tiny_1k", 2, 128, 1024},        {"tiny_1k_d256", 2, 256, 1024},
      {"tiny_16k_d128", 2, 128, 16384}, {"small_32k", 4, 256, 32768},
      {"medium_160k", 8, 256, 160000},  {"medium_450k", 8, 256, 450000},
      {"large_1m", 8, 256, 1000000},
  };
  for (const Dna& size : kSizes) {
    models.push_back({.name = std::string("hyenadna_") + size.name,
                      .family = "causal_lm",
                      .summary = "HyenaDNA for " + std::to_string(size.max_len) + " nucleotides",
                      .options = {{"vocab_size", 12},
                                  {"pad_vocab_size_multiple", 8},
                                  {"d_model", size.d_model},
                                  {"n_layer", size.n_layer},
                                  {"max_len", size.max_len},
                                  {"embed_dropout", 0.1},
                                  {"pad_id", 4},
                                  {"mixer", "hyena"},
                                  // Two more positions than nucleotides, for [CLS] and [SEP].
                                  {"mixer_options",
                                   {{"l_max", size.max_len + 2},
                                    {"emb_dim", 5},
                                    {"filter_order", 64},
                                    {"w", 10},
                                    {"filter_lr", 6e-4},
                                    {"lr_pos_emb", 0},
                                    {"filter_layout", "order_major"}}}}});
  }
}

}  // namespace

std::vector<ModelEntry> named_language_models() {
  std::vector<ModelEntry> models;
  add_tinies(models);
  add_paper(models);
  add_dna(models);
  return models;
}

}  // namespace hyena::backbone
