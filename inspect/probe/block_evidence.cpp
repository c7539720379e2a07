#include "inspect/probe/block_evidence.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

namespace hyena::inspect {

BlockEvidence block_evidence(OpenedSubject& subject, const at::Tensor& picture,
                             const ClassTarget& target, std::int64_t layer,
                             const Progress& progress) {
  const OpenedLayer& opened = subject.layer(layer);
  const auto wanted = resolve(subject, picture, target);
  const at::AutoGradMode gradients(true);
  const auto input = subject.place(picture).detach().clone().requires_grad_(true);
  const auto tap = tap_name(opened, "y");
  const auto seen = capture_graph(subject, input, {tap}, progress);
  const auto& y = seen.tensors.at(tap);
  target_score(seen.output, wanted).sum().backward();
  const auto flat = [](const at::Tensor& t) { return t[0].flatten(1).detach(); };
  return {.y = flat(y), .gradient = flat(y.grad()), .grid = opened.grid};
}

at::Tensor as_patches(const at::Tensor& tokens, const backbone::TokenGrid& grid) {
  return tokens.slice(0, grid.prefix).view({grid.height, grid.width});
}

at::Tensor grad_cam(const BlockEvidence& e) {
  const auto weight = e.gradient.slice(1, e.grid.prefix).mean(1, /*keepdim=*/true);
  return as_patches((weight * e.y).sum(0).relu(), e.grid);
}

at::Tensor hires_cam(const BlockEvidence& e) {
  return as_patches((e.gradient * e.y).sum(0), e.grid);
}

at::Tensor layer_cam(const BlockEvidence& e) {
  return as_patches((e.gradient.relu() * e.y).sum(0).relu(), e.grid);
}

at::Tensor matrix_attribution(const FrozenMixer& mixer, const at::Tensor& gradient, bool skip) {
  const at::NoGradGuard no_grad;
  return (apply_transposed(mixer, gradient.to(mixer.v.options()), skip) * mixer.v).sum(0);
}

}  // namespace hyena::inspect
