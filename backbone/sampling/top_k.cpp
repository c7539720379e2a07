#include <algorithm>
#include <functional>

#include "backbone/sampling/kinds.h"

namespace hyena::backbone {
namespace {

void apply(const SamplingOptions& o, const SamplingContext&, Candidates& candidates) {
  auto& list = candidates.list();
  const auto k = static_cast<std::size_t>(std::max(o.top_k, o.min_keep));
  if (k >= list.size()) return;
  std::vector<double> logits;
  for (const Candidate& c : list) logits.push_back(c.logit);
  const auto last = logits.begin() + static_cast<std::ptrdiff_t>(k) - 1;
  std::nth_element(logits.begin(), last, logits.end(), std::greater<>());
  // Equals of the last one stay: which of them the k-th would be is arbitrary.
  std::erase_if(list, [threshold = *last](const Candidate& c) { return c.logit < threshold; });
}

}  // namespace

SamplerEntry top_k_sampler() {
  return {.name = "top_k",
          .options = "top_k=0",
          .summary = "keeps the k largest logits, and those equal to the last of them",
          .kind = SamplerKind::kCut,
          .identity = [](const SamplingOptions& o) { return o.top_k <= 0; },
          .apply = apply,
          .check = [](const SamplingOptions&) {}};
}

}  // namespace hyena::backbone
