#include <algorithm>

#include "backbone/sampling/kinds.h"

namespace hyena::backbone {

SamplerEntry no_repeat_ngram_sampler() {
  return {.name = "no_repeat_ngram",
          .options = "no_repeat_ngram=0",
          .summary = "forbids tokens that would repeat n tokens of the history in a row",
          .kind = SamplerKind::kConstraint,
          .identity = [](const SamplingOptions& o) { return o.no_repeat_ngram <= 0; },
          .apply =
              [](const SamplingOptions& o, const SamplingContext& context, Candidates& candidates) {
                const auto& history = context.history;
                const auto prefix = static_cast<std::size_t>(o.no_repeat_ngram) - 1;
                if (history.size() <= prefix) return;
                const auto tail = history.last(prefix);
                for (std::size_t i = 0; i + prefix < history.size(); ++i) {
                  if (std::equal(tail.begin(), tail.end(), history.subspan(i, prefix).begin())) {
                    candidates.remove(history[i + prefix]);
                  }
                }
              },
          .check =
              [](const SamplingOptions& o) {
                check_sampling(o.no_repeat_ngram >= 0, "no_repeat_ngram", "0 or more",
                               static_cast<double>(o.no_repeat_ngram));
              }};
}

}  // namespace hyena::backbone
