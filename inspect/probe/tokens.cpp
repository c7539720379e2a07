#include "inspect/probe/tokens.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>
#include <vector>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "backbone/models/language_block.h"

namespace hyena::inspect {
namespace {

constexpr std::int64_t kChunk = 256;  // positions whose logits exist at a time
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

/// log p of each position's next token, (n, vocabulary) float64 on the CPU.
at::Tensor log_probabilities(backbone::LanguageModel& model, const at::Tensor& hidden) {
  const auto logits = model.head(hidden).slice(1, 0, model.info().vocab_size);
  return at::log_softmax(logits.cpu().to(at::kDouble), 1);
}

at::Tensor entropy_of(const at::Tensor& log_p) {
  return -(log_p.exp() * log_p).sum(1);
}

at::Tensor first(double value, const at::Tensor& rest) {
  return at::cat({at::full({1}, value, rest.options()), rest});
}

}  // namespace

TokenReading read_tokens(OpenedSubject& subject, const at::Tensor& ids, std::int64_t top,
                         const Progress& progress) {
  const at::NoGradGuard no_grad;
  auto& model = subject.language();
  const std::int64_t length = ids.size(1);
  top = std::clamp<std::int64_t>(top, 1, model.info().vocab_size);
  report(progress, "model", 0, length);
  const auto hidden = model.forward_features(subject.place(ids))[0];
  const auto next = ids[0].cpu().slice(0, 1);
  std::vector<at::Tensor> loss, entropy, rank, tokens, probability;
  for (std::int64_t begin = 0; begin < length; begin += kChunk) {
    report(progress, "token", begin, length);
    const auto log_p = log_probabilities(model, hidden.slice(0, begin, begin + kChunk));
    const auto [best, index] = log_p.topk(top, 1);
    tokens.push_back(index);
    probability.push_back(best.exp());
    const auto target = next.slice(0, begin, begin + kChunk);
    const auto with_target = log_p.slice(0, 0, target.size(0));
    const auto own = with_target.gather(1, target.unsqueeze(1));
    loss.push_back(-own.squeeze(1));
    entropy.push_back(entropy_of(with_target));
    rank.push_back((with_target > own).sum(1));
  }
  TokenReading out;
  out.loss = first(kNan, at::cat(loss));
  out.entropy = first(kNan, at::cat(entropy));
  out.rank = first(-1, at::cat(rank));
  out.top = at::cat(tokens);
  out.top_probability = at::cat(probability);
  out.mean_loss = length > 1 ? out.loss.slice(0, 1).mean().item<double>() : kNan;
  out.perplexity = std::exp(out.mean_loss);
  report(progress, "token", length, length);
  return out;
}

LogitLens logit_lens(OpenedSubject& subject, const at::Tensor& ids, const Progress& progress) {
  const at::NoGradGuard no_grad;
  auto& model = subject.language();
  const auto placed = subject.place(ids);
  const auto next = ids[0].cpu().slice(0, 1);
  std::vector<at::Tensor> token, probability, actual, entropy;
  const auto look = [&](const backbone::ResidualStream& stream) {
    const auto hidden = model.finish(stream)[0];
    std::vector<at::Tensor> t, p, a, e;
    for (std::int64_t begin = 0; begin < hidden.size(0); begin += kChunk) {
      const auto log_p = log_probabilities(model, hidden.slice(0, begin, begin + kChunk));
      const auto [best, index] = log_p.max(1);
      t.push_back(index);
      p.push_back(best.exp());
      e.push_back(entropy_of(log_p));
      const auto target = next.slice(0, begin, begin + kChunk);
      const auto own = log_p.slice(0, 0, target.size(0)).gather(1, target.unsqueeze(1));
      a.push_back(own.squeeze(1).exp());
    }
    a.push_back(at::full({1}, kNan, at::kDouble));
    token.push_back(at::cat(t));
    probability.push_back(at::cat(p));
    actual.push_back(at::cat(a));
    entropy.push_back(at::cat(e));
  };
  const auto& blocks = model.blocks();
  auto stream = model.embed(placed, 0);
  look(stream);
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    report(progress, "layer", static_cast<std::int64_t>(i), std::ssize(blocks));
    stream = blocks[i]->forward(stream);
    look(stream);
  }
  report(progress, "layer", std::ssize(blocks), std::ssize(blocks));
  return {.token = at::stack(token),
          .probability = at::stack(probability),
          .actual = at::stack(actual),
          .entropy = at::stack(entropy)};
}

}  // namespace hyena::inspect
