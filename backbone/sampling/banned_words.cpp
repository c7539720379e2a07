#include <algorithm>

#include "backbone/sampling/kinds.h"

namespace hyena::backbone {
namespace {

/// Whether the history ends with all of `word` but its last token.
bool begun(std::span<const std::int64_t> history, const std::vector<std::int64_t>& word) {
  const std::size_t prefix = word.size() - 1;
  return history.size() >= prefix &&
         std::equal(word.begin(), word.end() - 1,
                    history.end() - static_cast<std::ptrdiff_t>(prefix));
}

}  // namespace

SamplerEntry banned_words_sampler() {
  return {.name = "banned_words",
          .options = "banned_words=none",
          .summary = "forbids the token that would complete one of given sequences",
          .kind = SamplerKind::kConstraint,
          .identity = [](const SamplingOptions& o) { return o.banned_words.empty(); },
          .apply =
              [](const SamplingOptions& o, const SamplingContext& context, Candidates& candidates) {
                for (const auto& word : o.banned_words) {
                  if (begun(context.history, word)) candidates.remove(word.back());
                }
              },
          .check =
              [](const SamplingOptions& o) {
                for (const auto& word : o.banned_words) {
                  check_sampling(!word.empty(), "the length of a banned word", "1 token or more",
                                 0);
                }
              }};
}

}  // namespace hyena::backbone
