#include <cmath>

#include "backbone/sampling/kinds.h"

namespace hyena::backbone {

SamplerEntry logit_bias_sampler() {
  return {.name = "logit_bias",
          .options = "logit_bias=none",
          .summary = "adds a number to the logits of given tokens; -inf forbids them",
          .kind = SamplerKind::kConstraint,
          .identity = [](const SamplingOptions& o) { return o.logit_bias.empty(); },
          .apply =
              [](const SamplingOptions& o, const SamplingContext&, Candidates& candidates) {
                for (const auto& [id, bias] : o.logit_bias) {
                  if (std::isinf(bias)) {
                    candidates.remove(id);
                  } else if (Candidate* c = candidates.find(id)) {
                    c->logit += bias;
                  }
                }
              },
          .check =
              [](const SamplingOptions& o) {
                for (const auto& [id, bias] : o.logit_bias) {
                  check_sampling(id >= 0, "a token of logit_bias", "0 or more",
                                 static_cast<double>(id));
                  check_sampling(std::isfinite(bias) || bias < 0, "a logit_bias",
                                 "a number or -inf", bias);
                }
              }};
}

}  // namespace hyena::backbone
