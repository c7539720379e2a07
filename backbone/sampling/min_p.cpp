#include <algorithm>

#include "backbone/sampling/kinds.h"

namespace hyena::backbone {
namespace {

void apply(const SamplingOptions& o, const SamplingContext&, Candidates& candidates) {
  const auto p = candidates.probabilities();
  const double least = o.min_p * *std::max_element(p.begin(), p.end());
  std::vector<bool> keep(p.size());
  for (std::size_t i = 0; i < p.size(); ++i) keep[i] = p[i] >= least;
  candidates.cut(keep, o.min_keep);
}

}  // namespace

SamplerEntry min_p_sampler() {
  return {.name = "min_p",
          .options = "min_p=0",
          .summary = "keeps tokens with at least min_p times the largest probability",
          .kind = SamplerKind::kCut,
          .identity = [](const SamplingOptions& o) { return o.min_p <= 0; },
          .apply = apply,
          .check =
              [](const SamplingOptions& o) {
                check_sampling(o.min_p >= 0 && o.min_p <= 1, "min_p", "0 to 1", o.min_p);
              }};
}

}  // namespace hyena::backbone
