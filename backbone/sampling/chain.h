#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "backbone/sampling/random_stream.h"
#include "backbone/sampling/sampler.h"

namespace hyena::backbone {

/// A token that could have been chosen.
struct Alternative {
  std::int64_t id = 0;
  double probability = 0;        ///< of being chosen: after the chain
  double model_probability = 0;  ///< softmax of the logits as they came, without padding
};

struct Choice {
  std::int64_t id = 0;
  /// Where asked for: the likeliest first; equals by id.
  std::vector<Alternative> alternatives = {};
};

/// Chooses tokens, one after another: the samplers of a chain in order, then a draw. Copies go on
/// on their own. Not to be used from two threads at once.
class SamplerChain {
 public:
  /// Throws SamplingError for an unknown sampler, one named twice, or a value out of range.
  explicit SamplerChain(SamplingOptions options);

  /// Constraints that `samplers` does not name run first.
  static std::string default_chain();

  /// The samplers in the order in which they run, with those that change nothing in parentheses:
  /// "logit bias" and so on are named as in `samplers`.
  std::string text() const;

  /// `logits` has a number for each token. Choices at temperature 0 take no number of the stream
  /// and leave the cuts out; of equal logits the smallest id wins. Throws SamplingError for NaN and
  /// infinite logits, and where no token is left.
  Choice choose(std::span<const float> logits, const SamplingContext& context = {},
                std::int64_t alternatives = 0);
  Choice choose(std::span<const double> logits, const SamplingContext& context = {},
                std::int64_t alternatives = 0);

  /// What the draw is from, by id: the tokens that are left with their probabilities. At
  /// temperature 0 one token.
  std::vector<Alternative> distribution(std::span<const double> logits,
                                        const SamplingContext& context = {}) const;

  const SamplingOptions& options() const { return options_; }
  /// The state of the draws, to save and to put back.
  RandomStream& stream() { return stream_; }

 private:
  template <class T>
  Choice choose_from(std::span<const T> logits, const SamplingContext& context,
                     std::int64_t alternatives);
  template <class T>
  Candidates candidates(std::span<const T> logits) const;
  void run(Candidates& candidates, const SamplingContext& context) const;
  bool greedy() const { return options_.temperature <= 0; }

  SamplingOptions options_;
  std::vector<const SamplerEntry*> chain_;
  RandomStream stream_;
};

}  // namespace hyena::backbone
