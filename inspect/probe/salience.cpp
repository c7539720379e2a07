#include "inspect/probe/salience.h"

#include <string>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

namespace hyena::inspect {
namespace {

void check(const char* what, std::int64_t index, std::int64_t size) {
  if (index >= 0 && index < size) return;
  throw backbone::OptionError("there is no " + std::string(what) + " " + std::to_string(index) +
                              "; they go from 0 to " + std::to_string(size - 1));
}

}  // namespace

Salience salience(OpenedSubject& subject, const at::Tensor& ids, const TokenTarget& target,
                  const Progress& progress) {
  auto& model = subject.language();
  const auto placed = subject.place(ids);
  Salience out{.target = target, .l2 = {}, .times_embedding = {}};
  if (out.target.position < 0) out.target.position = placed.size(1) - 1;
  check("position", out.target.position, placed.size(1));
  const at::AutoGradMode gradients(true);
  const auto embedded = model.embed(placed, 0).hidden.detach().clone().requires_grad_(true);
  const auto seen = capture_graph(subject, embedded, {}, progress);
  const std::int64_t vocabulary = model.info().vocab_size;
  const auto logits = seen.output[0][out.target.position].slice(0, 0, vocabulary);
  if (out.target.token < 0) out.target.token = logits.argmax().item<std::int64_t>();
  check("token", out.target.token, vocabulary);
  auto score = logits[out.target.token];
  if (out.target.contrast >= 0) {
    check("token", out.target.contrast, vocabulary);
    score = score - logits[out.target.contrast];
  }
  score.backward();
  const auto gradient = embedded.grad()[0];
  out.score = score.item<double>();
  out.l2 = gradient.norm(2, 1);
  out.times_embedding = (gradient * embedded.detach()[0]).sum(1);
  return out;
}

}  // namespace hyena::inspect
