#include <algorithm>
#include <cmath>
#include <numeric>

#include "backbone/sampling/kinds.h"

namespace hyena::backbone {
namespace {

// Meister et al. 2022: tokens whose surprise is nearest to the entropy come first.
void apply(const SamplingOptions& o, const SamplingContext&, Candidates& candidates) {
  const auto p = candidates.probabilities();
  const double expected = entropy(p);
  std::vector<double> distance(p.size());
  for (std::size_t i = 0; i < p.size(); ++i) distance[i] = std::abs(-std::log(p[i]) - expected);
  std::vector<std::size_t> order(p.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return distance[a] < distance[b]; });
  double sum = 0, farthest = 0;
  for (const std::size_t i : order) {
    farthest = distance[i];
    sum += p[i];
    if (sum >= o.typical_p) break;
  }
  std::vector<bool> keep(p.size());
  for (std::size_t i = 0; i < p.size(); ++i) keep[i] = distance[i] <= farthest;
  candidates.cut(keep, o.min_keep);
}

}  // namespace

SamplerEntry typical_p_sampler() {
  return {.name = "typical_p",
          .options = "typical_p=1",
          .summary = "keeps tokens whose surprise is nearest to the entropy, until they reach p",
          .kind = SamplerKind::kCut,
          .identity = [](const SamplingOptions& o) { return o.typical_p >= 1; },
          .apply = apply,
          .check =
              [](const SamplingOptions& o) {
                check_sampling(o.typical_p > 0, "typical_p", "above 0", o.typical_p);
              }};
}

}  // namespace hyena::backbone
