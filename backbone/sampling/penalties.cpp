#include <algorithm>
#include <map>

#include "backbone/sampling/kinds.h"

namespace hyena::backbone {
namespace {

void apply(const SamplingOptions& o, const SamplingContext& context, Candidates& candidates) {
  auto window = context.history;
  if (o.penalty_window >= 0) {
    window = window.last(std::min(window.size(), static_cast<std::size_t>(o.penalty_window)));
  }
  std::map<std::int64_t, std::int64_t> counts;
  for (const std::int64_t id : window) ++counts[id];
  for (const auto& [id, count] : counts) {
    Candidate* c = candidates.find(id);
    if (c == nullptr) continue;
    c->logit = c->logit > 0 ? c->logit / o.repetition_penalty : c->logit * o.repetition_penalty;
    c->logit -= static_cast<double>(count) * o.frequency_penalty + o.presence_penalty;
  }
}

}  // namespace

SamplerEntry penalties_sampler() {
  return {.name = "penalties",
          .options =
              "repetition_penalty=1, frequency_penalty=0, presence_penalty=0, "
              "penalty_window=0",
          .summary = "lowers the logits of tokens that were there lately",
          .kind = SamplerKind::kPenalty,
          .identity =
              [](const SamplingOptions& o) {
                return o.penalty_window == 0 ||
                       (o.repetition_penalty == 1 && o.frequency_penalty == 0 &&
                        o.presence_penalty == 0);
              },
          .apply = apply,
          .check =
              [](const SamplingOptions& o) {
                check_sampling(o.repetition_penalty > 0, "repetition_penalty", "above 0",
                               o.repetition_penalty);
                check_sampling(o.penalty_window >= -1, "penalty_window", "-1 or more",
                               static_cast<double>(o.penalty_window));
              }};
}

}  // namespace hyena::backbone
