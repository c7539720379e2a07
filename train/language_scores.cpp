#include "train/language_scores.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "backbone/ops/token_loss.h"
#include "datasets/text/windows.h"
#include "train/autocast.h"

namespace hyena::train {

namespace {

/// Of a token's text; special tokens, such as the end of a text, are none of it.
std::int64_t bytes_of(const datasets::Tokenizer& tokenizer, std::int64_t token) {
  const auto id = static_cast<datasets::TokenId>(token);
  const auto& specials = tokenizer.specials();
  if (std::ranges::find(specials, id, &datasets::SpecialToken::id) != specials.end()) return 0;
  return static_cast<std::int64_t>(tokenizer.bytes(id).size());
}

}  // namespace

double LanguageScores::loss() const {
  return nll / static_cast<double>(std::max<std::int64_t>(tokens, 1));
}

double LanguageScores::loss_error() const {
  if (tokens < 2) return 0;
  const auto n = static_cast<double>(tokens);
  const double variance = (nll_squared - nll * nll / n) / (n - 1);
  return std::sqrt(std::max(variance, 0.0) / n);
}

double LanguageScores::perplexity() const {
  return std::exp(loss());
}

double LanguageScores::bits_per_byte() const {
  return nll / std::log(2.0) / static_cast<double>(std::max<std::int64_t>(bytes, 1));
}

LanguageScores score_tokens(backbone::LanguageModel& model, const datasets::TokenSource& source,
                            const datasets::Tokenizer* tokenizer, const ScoreSettings& settings,
                            const std::function<bool(std::int64_t, std::int64_t)>& progress) {
  const at::NoGradGuard no_grad;
  model.train(false);
  const auto device = model.parameters().front().tensor.device();
  const std::int64_t stride = settings.stride > 0 ? settings.stride : settings.length;
  const datasets::EvalWindows windows(source.size(), settings.length, stride);
  LanguageScores out;
  const auto total = static_cast<std::int64_t>(windows.size());
  for (std::int64_t done = 0; done < total;) {
    // Windows of one length go together; the last may be shorter.
    const std::int64_t length = windows[static_cast<std::uint64_t>(done)].length;
    std::int64_t batch = 0;
    std::vector<std::int64_t> ids, inputs, targets;
    for (; batch < settings.batch_size && done + batch < total; ++batch) {
      const auto window = windows[static_cast<std::uint64_t>(done + batch)];
      if (window.length != length) break;
      ids.resize(static_cast<std::size_t>(length + 1));
      source.read(window.begin, std::span<std::int64_t>(ids));
      inputs.insert(inputs.end(), ids.begin(), ids.end() - 1);
      const auto context = length - window.scored;
      targets.insert(targets.end(), static_cast<std::size_t>(context), backbone::kIgnoredTarget);
      targets.insert(targets.end(), ids.begin() + 1 + context, ids.end());
    }
    const auto tensor = [&](std::vector<std::int64_t>& values) {
      return at::from_blob(values.data(), {batch, length}, at::kLong).clone().to(device);
    };
    const Autocast autocast(settings.amp, device.type());
    const auto scores = model.score(tensor(inputs), tensor(targets));
    out.nll += scores.nll.sum().item<double>();
    out.nll_squared += scores.nll.square().sum().item<double>();
    out.greedy += scores.greedy.sum().item<std::int64_t>();
    for (const std::int64_t target : targets) {
      if (target == backbone::kIgnoredTarget) continue;
      ++out.tokens;
      if (tokenizer != nullptr) out.bytes += bytes_of(*tokenizer, target);
    }
    done += batch;
    out.windows = done;
    if (progress && !progress(done, total)) break;
    if (settings.limit > 0 && out.tokens >= settings.limit) break;
  }
  return out;
}

}  // namespace hyena::train
