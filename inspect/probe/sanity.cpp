#include "inspect/probe/sanity.h"

#include <algorithm>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

namespace hyena::inspect {

using backbone::OptionError;

DeletionCurve deletion_curve(OpenedSubject& subject, const at::Tensor& picture,
                             const ClassTarget& target, const at::Tensor& map,
                             const at::Tensor& baseline, std::int64_t steps,
                             const Progress& progress) {
  const at::NoGradGuard no_grad;
  const auto wanted = resolve(subject, picture, target);
  const auto whole = subject.place(picture), blank = subject.place(baseline);
  const std::int64_t cells = map.numel();
  steps = std::clamp<std::int64_t>(steps, 1, cells);
  // Rank 0 goes first.
  const auto order = map.flatten().argsort(/*stable=*/true, 0, /*descending=*/true);
  auto rank = at::empty_like(order);
  rank.scatter_(0, order, at::arange(cells, order.options()));
  const auto across = [](std::int64_t size, std::int64_t parts) {
    return at::floor_divide(at::arange(size) * parts, size);
  };
  const auto of_pixel = rank.cpu()
                            .view(map.sizes())
                            .index_select(0, across(whole.size(2), map.size(0)))
                            .index_select(1, across(whole.size(3), map.size(1)))
                            .to(whole.device());
  DeletionCurve out;
  for (std::int64_t i = 0; i <= steps; ++i) {
    report(progress, "step", i, steps + 1);
    const std::int64_t gone = cells * i / steps;
    const auto shown = at::where(of_pixel < gone, blank, whole);
    out.share.push_back(static_cast<double>(gone) / static_cast<double>(cells));
    out.score.push_back(target_score(run_model(subject, shown), wanted).item<double>());
  }
  for (std::size_t i = 1; i < out.share.size(); ++i) {
    out.area += (out.share[i] - out.share[i - 1]) * (out.score[i] + out.score[i - 1]) / 2;
  }
  out.area /= out.score.front();
  report(progress, "step", steps + 1, steps + 1);
  return out;
}

std::shared_ptr<OpenedSubject> randomised(const OpenedSubject& subject, std::uint64_t seed) {
  if (subject.config.name.empty()) {
    throw OptionError("the model's configuration is not known, so it cannot be built anew");
  }
  at::manual_seed(seed);
  auto model = backbone::make_model(subject.config);
  model->to(subject.options().dtype().toScalarType());
  model->to(subject.options().device());
  auto out = std::make_shared<OpenedSubject>(std::move(model), subject.facts().name);
  out->config = subject.config;
  out->preprocessing = subject.preprocessing;
  out->tokenizer = subject.tokenizer;
  return out;
}

double rank_correlation(const at::Tensor& a, const at::Tensor& b) {
  if (a.sizes() != b.sizes() || a.numel() < 2) {
    throw OptionError("rank correlation needs two maps of one size");
  }
  const auto ranks = [](const at::Tensor& t) {
    const auto order = t.flatten().argsort(/*stable=*/true, 0, /*descending=*/false);
    auto rank = at::empty_like(order);
    rank.scatter_(0, order, at::arange(order.size(0), order.options()));
    const auto centred = rank.to(at::kDouble);
    return centred - centred.mean();
  };
  const auto x = ranks(a), y = ranks(b);
  return ((x * y).sum() / (x.norm() * y.norm())).item<double>();
}

}  // namespace hyena::inspect
