#include <cmath>

#include "backbone/sampling/kinds.h"

namespace hyena::backbone {

SamplerEntry temperature_sampler() {
  return {
      .name = "temperature",
      .options = "temperature=1",
      .summary = "divides the logits; 0 and below: the likeliest token",
      .kind = SamplerKind::kScale,
      .identity = [](const SamplingOptions& o) { return o.temperature == 1 || o.temperature <= 0; },
      .apply =
          [](const SamplingOptions& o, const SamplingContext&, Candidates& candidates) {
            for (Candidate& c : candidates.list()) c.logit /= o.temperature;
          },
      .check =
          [](const SamplingOptions& o) {
            check_sampling(std::isfinite(o.temperature), "temperature", "a number", o.temperature);
          }};
}

}  // namespace hyena::backbone
