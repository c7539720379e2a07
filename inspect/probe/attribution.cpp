#include "inspect/probe/attribution.h"

#include <algorithm>
#include <cmath>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

namespace hyena::inspect {
namespace {

using backbone::OptionError;

struct Gradient {
  at::Tensor value;  ///< like the picture
  double score = 0;
};

Gradient input_gradient(OpenedSubject& subject, const at::Tensor& picture,
                        const ClassTarget& target) {
  const at::AutoGradMode gradients(true);
  const auto input = subject.place(picture).detach().clone().requires_grad_(true);
  const auto score = target_score(run_model(subject, input), target).sum();
  score.backward();
  return {input.grad(), score.item<double>()};
}

void check_class(std::int64_t label, std::int64_t classes) {
  if (label >= 0 && label < classes) return;
  throw OptionError("there is no class " + std::to_string(label) + "; they go from 0 to " +
                    std::to_string(classes - 1));
}

}  // namespace

ClassTarget resolve(OpenedSubject& subject, const at::Tensor& picture, const ClassTarget& target) {
  const std::int64_t classes = subject.vision().info().num_classes;
  auto out = target;
  if (out.label < 0) {
    const at::NoGradGuard no_grad;
    out.label = run_model(subject, subject.place(picture))[0].argmax().item<std::int64_t>();
  }
  check_class(out.label, classes);
  if (out.contrast >= 0) check_class(out.contrast, classes);
  return out;
}

at::Tensor target_score(const at::Tensor& logits, const ClassTarget& target) {
  const auto score = logits.select(1, target.label);
  return target.contrast >= 0 ? score - logits.select(1, target.contrast) : score;
}

at::Tensor gradient_times_input(OpenedSubject& subject, const at::Tensor& picture,
                                const ClassTarget& target, const Progress& progress) {
  report(progress, "gradient", 0, 1);
  const auto wanted = resolve(subject, picture, target);
  const auto gradient = input_gradient(subject, picture, wanted);
  report(progress, "gradient", 1, 1);
  return (gradient.value * subject.place(picture))[0].sum(0);
}

at::Tensor baseline(const OpenedSubject& subject, const at::Tensor& picture,
                    const std::string& name) {
  if (name == "mean") return at::zeros_like(picture);
  if (name == "blur") {
    const std::int64_t side = std::max<std::int64_t>(2, picture.size(2) / 8) / 2 * 2 + 1;
    return at::avg_pool2d(picture, {side, side}, {1, 1}, {side / 2, side / 2}, false,
                          /*count_include_pad=*/false);
  }
  if (name != "black" && name != "white") {
    throw OptionError("baseline: mean, black, white or blur, got '" + name + "'");
  }
  const auto& pre = subject.preprocessing;
  const auto mean = at::tensor(pre.mean, picture.options()).view({1, -1, 1, 1});
  const auto std = at::tensor(pre.std, picture.options()).view({1, -1, 1, 1});
  return (((name == "white" ? 1.0 : 0.0) - mean) / std).expand_as(picture).contiguous();
}

IntegratedGradients integrated_gradients(OpenedSubject& subject, const at::Tensor& picture,
                                         const ClassTarget& target, const at::Tensor& baseline,
                                         std::int64_t steps, const Progress& progress) {
  if (steps < 1) throw OptionError("steps must be at least 1, got " + std::to_string(steps));
  const auto wanted = resolve(subject, picture, target);
  const auto end = subject.place(picture), start = subject.place(baseline);
  auto sum = at::zeros_like(end);
  for (std::int64_t i = 0; i < steps; ++i) {
    report(progress, "step", i, steps);
    const double part = (static_cast<double>(i) + 0.5) / static_cast<double>(steps);
    sum += input_gradient(subject, start + part * (end - start), wanted).value;
  }
  const at::NoGradGuard no_grad;
  const auto score = [&](const at::Tensor& x) {
    return target_score(run_model(subject, x), wanted).item<double>();
  };
  IntegratedGradients out;
  out.map = ((end - start) * sum / static_cast<double>(steps))[0].sum(0);
  out.score = score(end);
  out.baseline_score = score(start);
  const double difference = out.score - out.baseline_score;
  out.completeness_error =
      std::abs(out.map.sum().item<double>() - difference) / std::max(std::abs(difference), 1e-12);
  report(progress, "step", steps, steps);
  return out;
}

at::Tensor occlusion(OpenedSubject& subject, const at::Tensor& picture, const ClassTarget& target,
                     const at::Tensor& baseline, std::int64_t patch, const Progress& progress) {
  if (patch < 1) throw OptionError("patch must be at least 1 pixel, got " + std::to_string(patch));
  constexpr std::int64_t kBatch = 16;
  const at::NoGradGuard no_grad;
  const auto wanted = resolve(subject, picture, target);
  const auto whole = subject.place(picture), blank = subject.place(baseline);
  const std::int64_t rows = (whole.size(2) + patch - 1) / patch;
  const std::int64_t columns = (whole.size(3) + patch - 1) / patch, count = rows * columns;
  const auto score = target_score(run_model(subject, whole), wanted);
  std::vector<at::Tensor> drops;
  for (std::int64_t first = 0; first < count; first += kBatch) {
    report(progress, "patch", first, count);
    std::vector<at::Tensor> batch;
    for (std::int64_t i = first; i < std::min(count, first + kBatch); ++i) {
      auto hidden = whole.clone();
      const auto cut = [&](const at::Tensor& x) {
        const std::int64_t y = i / columns * patch, z = i % columns * patch;
        return x.slice(2, y, y + patch).slice(3, z, z + patch);
      };
      cut(hidden).copy_(cut(blank));
      batch.push_back(hidden);
    }
    drops.push_back(score - target_score(run_model(subject, at::cat(batch)), wanted));
  }
  report(progress, "patch", count, count);
  return at::cat(drops).view({rows, columns});
}

double cumulative_limit(const at::Tensor& map, double share) {
  const at::Tensor sorted =
      std::get<0>(map.detach().to(at::kCPU, at::kDouble).abs().flatten().sort());
  const auto sum = sorted.cumsum(0);
  const double wanted = share * sum[-1].item<double>();
  const auto at = (sum < wanted).sum().item<std::int64_t>();
  return sorted[std::min(at, sorted.size(0) - 1)].item<double>();
}

}  // namespace hyena::inspect
