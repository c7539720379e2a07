#include "inspect/probe/receptive_field.h"

#include <algorithm>
#include <string>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

namespace hyena::inspect {
namespace {

using backbone::OptionError;

/// The feature vector in the middle, (D): features are (1, L, D) tokens or (1, H, W, D).
at::Tensor middle(const at::Tensor& features, const backbone::TokenGrid& grid) {
  if (features.dim() == 4) return features[0][features.size(1) / 2][features.size(2) / 2];
  return features[0][grid.prefix + grid.height / 2 * grid.width + grid.width / 2];
}

}  // namespace

ReceptiveField receptive_field(OpenedSubject& subject, const PictureSource& pictures,
                               std::int64_t count, const Progress& progress) {
  auto& model = subject.vision();
  const auto& grid = subject.layers().back().grid;
  const at::AutoGradMode gradients(true);
  ReceptiveField out;
  for (std::int64_t i = 0; i < count; ++i) {
    report(progress, "picture", i, count);
    const auto input = subject.place(pictures(i)).detach().clone().requires_grad_(true);
    middle(model.forward_features(input), grid).relu().sum().backward();
    const at::Tensor score = input.grad()[0].relu().sum(0);
    if (score.isnan().any().item<bool>()) {
      ++out.skipped;
      continue;
    }
    out.score = out.score.defined() ? out.score + score : score;
    ++out.pictures;
  }
  if (out.pictures == 0) throw OptionError("no picture has a gradient without NaN");
  out.score = out.score / static_cast<double>(out.pictures);
  report(progress, "picture", count, count);
  return out;
}

std::vector<CentredSquare> centred_squares(const at::Tensor& score,
                                           const std::vector<double>& shares) {
  const auto map = score.to(at::kCPU, at::kDouble);
  const std::int64_t h = map.size(0), w = map.size(1), row = h / 2, column = w / 2;
  const double total = map.sum().item<double>();
  std::vector<CentredSquare> out;
  for (const double share : shares) {
    for (std::int64_t r = 0;; ++r) {
      const auto part = map.slice(0, std::max<std::int64_t>(0, row - r), row + r + 1)
                            .slice(1, std::max<std::int64_t>(0, column - r), column + r + 1);
      if (part.numel() < map.numel() && part.sum().item<double>() < share * total) continue;
      out.push_back({.share = share,
                     .side = std::min(2 * r + 1, std::max(h, w)),
                     .area = static_cast<double>(part.numel()) / static_cast<double>(map.numel())});
      break;
    }
  }
  return out;
}

at::Tensor lag_sensitivity(OpenedSubject& subject, const at::Tensor& ids,
                           const std::vector<std::int64_t>& positions, const Progress& progress) {
  auto& model = subject.language();
  const auto placed = subject.place(ids);
  const std::int64_t length = placed.size(1), count = std::ssize(positions);
  const at::AutoGradMode gradients(true);
  const auto embedded = model.embed(placed, 0).hidden.detach();
  auto sum = at::zeros({length}, at::kDouble), seen = at::zeros({length}, at::kDouble);
  for (std::int64_t i = 0; i < count; ++i) {
    report(progress, "position", i, count);
    const std::int64_t t = positions[static_cast<std::size_t>(i)];
    if (t < 0 || t + 1 >= length) {
      throw OptionError("position " + std::to_string(t) + " has no next token; positions go from " +
                        "0 to " + std::to_string(length - 2));
    }
    // Later tokens do not matter to a causal model.
    const auto part = embedded.slice(1, 0, t + 1).clone().requires_grad_(true);
    const auto logits = run_model(subject, part)[0][t].slice(0, 0, model.info().vocab_size);
    (-at::log_softmax(logits, 0)[placed[0][t + 1].item<std::int64_t>()]).backward();
    const auto size = part.grad()[0].norm(2, 1).to(at::kCPU, at::kDouble).flip({0});
    sum.slice(0, 0, t + 1) += size;
    seen.slice(0, 0, t + 1) += 1;
  }
  report(progress, "position", count, count);
  return sum / seen;
}

}  // namespace hyena::inspect
