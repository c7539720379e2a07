#include "backbone/sampling/kinds.h"

namespace hyena::backbone {
namespace {

void apply(const SamplingOptions& o, const SamplingContext&, Candidates& candidates) {
  const auto p = candidates.probabilities();
  std::vector<bool> keep(p.size());
  double before = 0;
  for (const std::size_t i : candidates.ranking()) {
    if (before >= o.top_p) break;
    keep[i] = true;
    before += p[i];
  }
  candidates.cut(keep, o.min_keep);
}

}  // namespace

SamplerEntry top_p_sampler() {
  return {.name = "top_p",
          .options = "top_p=1",
          .summary = "keeps the fewest likeliest tokens whose probabilities reach p",
          .kind = SamplerKind::kCut,
          .identity = [](const SamplingOptions& o) { return o.top_p >= 1; },
          .apply = apply,
          .check =
              [](const SamplingOptions& o) {
                check_sampling(o.top_p >= 0, "top_p", "0 to 1", o.top_p);
              }};
}

}  // namespace hyena::backbone
