#include <algorithm>
#include <cmath>

#include "backbone/sampling/kinds.h"

namespace hyena::backbone {
namespace {

// Hewitt et al. 2022: the bound falls where the distribution is flat.
void apply(const SamplingOptions& o, const SamplingContext&, Candidates& candidates) {
  const auto p = candidates.probabilities();
  const double least = std::min(o.eta, std::sqrt(o.eta) * std::exp(-entropy(p)));
  std::vector<bool> keep(p.size());
  for (std::size_t i = 0; i < p.size(); ++i) keep[i] = p[i] >= least;
  candidates.cut(keep, o.min_keep);
}

}  // namespace

SamplerEntry eta_sampler() {
  return {.name = "eta",
          .options = "eta=0",
          .summary = "keeps tokens with at least min(eta, sqrt(eta) exp(-entropy))",
          .kind = SamplerKind::kCut,
          .identity = [](const SamplingOptions& o) { return o.eta <= 0; },
          .apply = apply,
          .check =
              [](const SamplingOptions& o) {
                check_sampling(o.eta >= 0 && o.eta < 1, "eta", "0 to below 1", o.eta);
              }};
}

}  // namespace hyena::backbone
