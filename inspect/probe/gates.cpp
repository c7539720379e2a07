#include "inspect/probe/gates.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

namespace hyena::inspect {

GateFacts gate_facts(const at::Tensor& stream, double threshold) {
  const at::NoGradGuard no_grad;
  const auto share = [](const at::Tensor& holds) {
    return holds.numel() == 0 ? 0 : holds.to(at::kDouble).mean().item<double>();
  };
  const auto negative = stream < 0;
  const std::int64_t length = stream.size(1);
  return {.norm = stream.norm(2, 0),
          .closed = share(stream.abs() < threshold),
          .sign_flips = share(negative.slice(1, 1) != negative.slice(1, 0, length - 1))};
}

}  // namespace hyena::inspect
