#include "backbone/sampling/kinds.h"

namespace hyena::backbone {
namespace {

void apply(const SamplingOptions& o, const SamplingContext&, Candidates& candidates) {
  const auto p = candidates.probabilities();
  std::vector<bool> keep(p.size());
  for (std::size_t i = 0; i < p.size(); ++i) keep[i] = p[i] >= o.epsilon;
  candidates.cut(keep, o.min_keep);
}

}  // namespace

SamplerEntry epsilon_sampler() {
  return {.name = "epsilon",
          .options = "epsilon=0",
          .summary = "keeps tokens with at least this probability",
          .kind = SamplerKind::kCut,
          .identity = [](const SamplingOptions& o) { return o.epsilon <= 0; },
          .apply = apply,
          .check =
              [](const SamplingOptions& o) {
                check_sampling(o.epsilon >= 0 && o.epsilon < 1, "epsilon", "0 to below 1",
                               o.epsilon);
              }};
}

}  // namespace hyena::backbone
