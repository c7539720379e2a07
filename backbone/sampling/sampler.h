#pragma once

#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

/// How the next token is chosen from a row of logits, without LibTorch. A chain of samplers, each
/// of which changes or removes candidates (chain.h). To add one: a file with its function, a
/// declaration in kinds.h, a line in registry.cpp.
namespace hyena::backbone {

/// Logits that are no numbers, settings out of range, or a chain that leaves no token. what() says
/// which.
class SamplingError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Defaults are llama.cpp's.
struct SamplingOptions {
  double temperature = 0.8;  ///< divides the logits; 0 and below: the likeliest token
  std::int64_t top_k = 40;   ///< the k largest logits, with all that equal the last one; 0: all
  double top_p = 0.95;       ///< the fewest likeliest tokens whose probabilities reach p; 1: all
  double min_p = 0.05;       ///< probabilities of at least min_p times the largest; 0: all
  double typical_p = 1;      ///< nearest to the entropy first, until they reach p; 1: all
  double epsilon = 0;        ///< probabilities of at least epsilon; 0: all
  double eta = 0;            ///< of at least min(eta, √eta · exp(−entropy)); 0: all
  double repetition_penalty = 1;     ///< l > 0 ? l / r : l · r for tokens of the window; 1: none
  double frequency_penalty = 0;      ///< taken off once for each time in the window
  double presence_penalty = 0;       ///< taken off once for tokens of the window
  std::int64_t penalty_window = 64;  ///< last tokens that penalties look at; -1: all, 0: none
  std::int64_t no_repeat_ngram = 0;  ///< no n tokens in a row a second time; 0: may be
  std::vector<std::vector<std::int64_t>> banned_words;      ///< sequences of tokens never completed
  std::vector<std::pair<std::int64_t, double>> logit_bias;  ///< (token, added to its logit)
  std::int64_t min_length = 0;  ///< `end_tokens` are not chosen before so many new tokens
  std::vector<std::int64_t> end_tokens;
  std::int64_t min_keep = 1;    ///< no cut leaves fewer candidates
  std::int64_t vocabulary = 0;  ///< tokens from here on are padding, never chosen; 0: none
  std::uint64_t seed = 0;
  std::string samplers;  ///< the chain, "top_k;top_p;temperature"; empty: default_chain()
};

struct Candidate {
  std::int64_t id = 0;
  double logit = 0;
};

/// The tokens that may still be chosen, by id.
class Candidates {
 public:
  explicit Candidates(std::vector<Candidate> list) : list_(std::move(list)) {}

  std::vector<Candidate>& list() { return list_; }
  const std::vector<Candidate>& list() const { return list_; }
  /// The candidate of this id, or null.
  Candidate* find(std::int64_t id);
  void remove(std::int64_t id);
  /// Softmax of the logits, in the list's order.
  std::vector<double> probabilities() const;
  /// Positions in the list, the largest logit first; of equal ones the smaller id.
  std::vector<std::size_t> ranking() const;
  /// Keeps those with keep[i], and at least the `min_keep` first of the ranking.
  void cut(const std::vector<bool>& keep, std::int64_t min_keep);

 private:
  std::vector<Candidate> list_;
};

/// −Σ p ln p.
double entropy(std::span<const double> probabilities);

/// What was there before the token to choose.
struct SamplingContext {
  std::span<const std::int64_t> history = {};  ///< prompt and generated tokens
  std::int64_t generated = 0;                  ///< how many of them are generated
};

/// What a sampler does to the candidates. Greedy choice leaves the cuts out.
enum class SamplerKind {
  kConstraint,  ///< forbids or favours tokens; runs first where a chain does not name it
  kPenalty,
  kCut,
  kScale,
};

/// One kind of sampler.
struct SamplerEntry {
  std::string name;     ///< as in --samplers
  std::string options;  ///< the fields of SamplingOptions it reads, and at which values it does
                        ///< nothing: "top_k=0"
  std::string summary;
  SamplerKind kind = SamplerKind::kCut;
  /// Whether these options change nothing.
  bool (*identity)(const SamplingOptions&) = nullptr;
  void (*apply)(const SamplingOptions&, const SamplingContext&, Candidates&) = nullptr;
  /// Throws SamplingError for values out of range.
  void (*check)(const SamplingOptions&) = nullptr;
};

/// In the order of the default chain.
const std::vector<SamplerEntry>& sampler_registry();

/// Throws SamplingError, which lists all.
const SamplerEntry& find_sampler(const std::string& name);

/// Throws SamplingError "sampling: NAME must be WANTED, got VALUE" unless `good`.
void check_sampling(bool good, const char* name, const char* wanted, double value);

}  // namespace hyena::backbone
