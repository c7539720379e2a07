#include "backbone/sampling/kinds.h"

namespace hyena::backbone {

SamplerEntry min_length_sampler() {
  return {.name = "min_length",
          .options = "min_length=0, end_tokens=none",
          .summary = "forbids the end tokens until so many tokens are generated",
          .kind = SamplerKind::kConstraint,
          .identity =
              [](const SamplingOptions& o) { return o.min_length <= 0 || o.end_tokens.empty(); },
          .apply =
              [](const SamplingOptions& o, const SamplingContext& context, Candidates& candidates) {
                if (context.generated >= o.min_length) return;
                for (const std::int64_t id : o.end_tokens) candidates.remove(id);
              },
          .check =
              [](const SamplingOptions& o) {
                check_sampling(o.min_length >= 0, "min_length", "0 or more",
                               static_cast<double>(o.min_length));
              }};
}

}  // namespace hyena::backbone
