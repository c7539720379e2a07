#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "train/language_request.h"

/// Text out of a language model, token by token. No tensors here: shells need not see LibTorch.
namespace hyena::train {

/// How text is continued. Sampling defaults and names are llama.cpp's.
struct GenerateOptions {
  std::int64_t max_tokens = 256;
  std::int64_t context = 0;
  std::string decode = "fast";
  bool spread = false;
  std::int64_t seed = -1;
  double temp = 0.8;
  std::int64_t top_k = 40;
  double top_p = 0.95;
  double min_p = 0.05;
  double typical = 1;
  double epsilon_cutoff = 0;
  double eta_cutoff = 0;
  double repeat_penalty = 1;
  double frequency_penalty = 0;
  double presence_penalty = 0;
  std::int64_t repeat_last_n = 64;
  std::int64_t no_repeat_ngram = 0;
  std::vector<std::string> ban;
  std::vector<std::string> logit_bias;
  std::int64_t min_tokens = 0;
  bool ignore_eos = false;
  std::vector<std::string> stop;
  std::string samplers;

  template <class Visitor>
  void visit(Visitor& v) {
    v.group("Text");
    v.field("max_tokens", max_tokens,
            {.help = "new tokens; -1: until the model's context is full", .min = -1});
    v.field("context", context,
            {.help = "tokens, prompt and all; 0: the model's own, or what is asked for", .min = 0});
    v.field("stop", stop, {.help = "texts that end the generation; they are not printed"});
    v.field("ignore_eos", ignore_eos, {.help = "go on behind the end-of-text token"});
    v.group("Decoding");
    v.field(
        "decode", decode,
        {.help = "fast: long convolutions by tiles; lazy: as sums over the past; recompute: the "
                 "whole forward pass each time. All give the same logits",
         .choices = {"fast", "lazy", "recompute"}});
    v.field("spread", spread, {.help = "no long steps: large tiles run in pieces"});
    v.group("Sampling");
    v.field("seed", seed, {.help = "of the draws; -1: another one each time", .min = -1});
    v.field("temp", temp, {.help = "temperature; 0 takes the likeliest token"});
    v.field("top_k", top_k, {.help = "keep the k likeliest; 0: all", .min = 0});
    v.field("top_p", top_p,
            {.help = "keep the fewest that reach this probability; 1: all", .min = 0, .max = 1});
    v.field("min_p", min_p,
            {.help = "keep those with this part of the largest probability; 0: all",
             .min = 0,
             .max = 1});
    v.field("typical", typical, {.help = "locally typical sampling; 1: off", .min = 0, .max = 1});
    v.field("epsilon_cutoff", epsilon_cutoff,
            {.help = "keep probabilities from here up; 0: off", .min = 0, .max = 1});
    v.field("eta_cutoff", eta_cutoff, {.help = "eta sampling; 0: off", .min = 0, .max = 1});
    v.field("repeat_penalty", repeat_penalty,
            {.help = "divides or multiplies logits of recent tokens; 1: off"});
    v.field("frequency_penalty", frequency_penalty,
            {.help = "taken off for each recent occurrence"});
    v.field("presence_penalty", presence_penalty, {.help = "taken off for recent tokens"});
    v.field("repeat_last_n", repeat_last_n,
            {.help = "what counts as recent; -1: everything", .unit = "tokens", .min = -1});
    v.field("no_repeat_ngram", no_repeat_ngram,
            {.help = "no so many tokens in a row a second time; 0: may be", .min = 0});
    v.field("ban", ban, {.help = "texts that are never completed"});
    v.field("logit_bias", logit_bias, {.help = "TOKEN+BIAS or TOKEN-BIAS, TOKEN an id"});
    v.field("min_tokens", min_tokens, {.help = "no end of text before so many", .min = 0});
    v.field("samplers", samplers,
            {.help = "the chain and its order, as 'penalties;top_k;top_p;min_p;temperature'; "
                     "empty: llama.cpp's"});
  }
};

/// A token that could have come instead.
struct TokenAlternative {
  std::int64_t id = 0;
  std::string text;
  double probability = 0;        ///< of being chosen, after the chain
  double model_probability = 0;  ///< as the model has it
};

struct GeneratedToken {
  std::int64_t id = 0;
  std::string text;  ///< the characters that this token completes, maybe none
  std::vector<TokenAlternative> alternatives = {};
};

struct GenerateStats {
  double load_seconds = 0;
  std::int64_t prompt_tokens = 0;
  double prefill_seconds = 0;
  std::int64_t new_tokens = 0;
  double decode_seconds = 0;       ///< steps of the model
  double sample_seconds = 0;       ///< choosing tokens
  double first_token_seconds = 0;  ///< from the prompt to the first new token
  double slowest_step = 0;         ///< seconds
  std::int64_t state_bytes = 0, weight_bytes = 0;

  std::string text() const;  ///< lines for a person
};

/// Continues one text. begin() reads a prompt, next() gives a token at a time. Not for several
/// threads at once.
class Generator {
 public:
  /// Throws what opening the model throws, OptionError and SamplingError for options.
  Generator(const LanguageRequest& request, const GenerateOptions& options);
  ~Generator();
  Generator(const Generator&) = delete;
  Generator& operator=(const Generator&) = delete;

  std::string description() const;
  /// The samplers in order, those that change nothing in parentheses.
  std::string chain() const;
  std::uint64_t seed() const;

  /// Starts anew behind `prompt`; an empty one begins at the end-of-text token. `cancelled` is
  /// asked between layers; true throws DecodeCancelled.
  void begin(std::string_view prompt, const std::function<bool()>& cancelled = {});

  /// The next token, with the likeliest `alternatives`; nothing at the end, whose reason() is
  /// "length", "stop" or "end of text". Text that may be the begin of a stop string is held back.
  std::optional<GeneratedToken> next(std::int64_t alternatives = 0);

  /// Text that was held back when the end was not a stop string.
  std::string rest();
  const std::string& reason() const;
  const GenerateStats& stats() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace hyena::train
