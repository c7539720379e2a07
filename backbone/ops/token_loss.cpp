#include "backbone/ops/token_loss.h"

#include <algorithm>

#include <ATen/ATen.h>
#include <ATen/autocast_mode.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/custom_function.h>

#include "backbone/ops/flops.h"
#include "backbone/ops/linear.h"

namespace hyena::backbone {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;

at::ScalarType product_type(const at::Tensor& hidden) {
  const auto device = hidden.device().type();
  return at::autocast::is_autocast_enabled(device) && hidden.scalar_type() != at::kDouble
             ? at::autocast::get_autocast_dtype(device)
             : hidden.scalar_type();
}

at::ScalarType sum_type(at::ScalarType type) {
  return type == at::kDouble ? at::kDouble : at::kFloat;
}

/// Sums of a loss and, where wanted, its gradients; hidden (N, D) and weight (V, D) of one type.
struct Sums {
  at::Tensor loss, dhidden, dweight;
};

Sums sums_of(const at::Tensor& hidden, const at::Tensor& weight, const at::Tensor& targets,
             std::int64_t chunk, bool gradients) {
  const auto type = sum_type(hidden.scalar_type());
  const auto counts = targets.ne(kIgnoredTarget);
  const auto scale = counts.sum().clamp_min(1).to(type).reciprocal();
  Sums out{.loss = at::zeros({}, hidden.options().dtype(type)), .dhidden = {}, .dweight = {}};
  if (gradients) {
    out.dhidden = at::empty_like(hidden);
    out.dweight = at::zeros(weight.sizes(), hidden.options().dtype(type));
  }
  for (std::int64_t begin = 0; begin < hidden.size(0); begin += chunk) {
    const std::int64_t n = std::min(chunk, hidden.size(0) - begin);
    const auto x = hidden.narrow(0, begin, n);
    const auto wanted = counts.narrow(0, begin, n).unsqueeze(1);
    const auto target = targets.narrow(0, begin, n).unsqueeze(1).clamp_min(0);
    auto p = at::log_softmax(backbone::linear(x, weight, {}).to(type), 1);
    out.loss -= at::where(wanted, p.gather(1, target), 0).sum() * scale;
    if (!gradients) continue;
    p.exp_();
    p.scatter_add_(1, target, at::full_like(target, -1, p.options()));
    p *= at::where(wanted, scale, at::zeros_like(scale));
    const auto dlogits = p.to(hidden.scalar_type());
    out.dhidden.narrow(0, begin, n).copy_(at::matmul(dlogits, weight));
    out.dweight += backbone::linear(dlogits.t(), x.t(), {});
  }
  return out;
}

struct TokenLoss : torch::autograd::Function<TokenLoss> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& hidden,
                            const at::Tensor& weight, const at::Tensor& targets, std::int64_t chunk,
                            bool gradients) {
    const auto type = product_type(hidden);
    auto sums = sums_of(hidden.to(type), weight.to(type), targets, chunk, gradients);
    if (gradients) {
      ctx->save_for_backward(
          {sums.dhidden.to(hidden.scalar_type()), sums.dweight.to(weight.scalar_type())});
    }
    return sums.loss;
  }
  static tensor_list backward(AutogradContext* ctx, const tensor_list& gradients) {
    const auto saved = ctx->get_saved_variables();
    const auto scaled = [&](const at::Tensor& gradient) {
      return gradient * gradients[0].to(gradient.scalar_type());
    };
    return {scaled(saved[0]), scaled(saved[1]), {}, {}, {}};
  }
};

}  // namespace

at::Tensor token_loss(const at::Tensor& hidden, const at::Tensor& weight, const at::Tensor& targets,
                      std::int64_t chunk) {
  TORCH_CHECK(hidden.size(-1) == weight.size(1) &&
                  targets.sizes() == hidden.sizes().slice(0, hidden.dim() - 1),
              "token_loss: hidden ", hidden.sizes(), ", weight ", weight.sizes(), " and targets ",
              targets.sizes(), " do not fit: they must be (…, D), (V, D) and (…)");
  TORCH_CHECK(chunk >= 1, "token_loss: chunk must be at least 1, got ", chunk);
  const bool gradients =
      at::GradMode::is_enabled() && (hidden.requires_grad() || weight.requires_grad());
  const auto rows = hidden.reshape({-1, hidden.size(-1)});
  count_flops("linear",
              2.0 * static_cast<double>(rows.numel()) * static_cast<double>(weight.size(0)));
  return TokenLoss::apply(rows, weight, targets.reshape({-1}), chunk, gradients);
}

TokenScores token_scores(const at::Tensor& hidden, const at::Tensor& weight,
                         const at::Tensor& targets, std::int64_t vocab_size, std::int64_t chunk) {
  const at::NoGradGuard no_grad;
  const auto type = product_type(hidden);
  const auto rows = weight.narrow(0, 0, vocab_size).to(type);
  TokenScores out{.nll = at::empty(targets.sizes(), hidden.options().dtype(at::kDouble)),
                  .greedy = at::empty(targets.sizes(), hidden.options().dtype(at::kBool))};
  for (std::int64_t begin = 0; begin < hidden.size(0); begin += chunk) {
    const std::int64_t n = std::min(chunk, hidden.size(0) - begin);
    const auto target = targets.narrow(0, begin, n);
    const auto wanted = target.ne(kIgnoredTarget);
    const auto index = target.clamp_min(0).unsqueeze(1);
    const auto logits =
        backbone::linear(hidden.narrow(0, begin, n).to(type), rows, {}).to(sum_type(type));
    const auto own = logits.gather(1, index).squeeze(1);
    const auto nll = at::logsumexp(logits.to(at::kDouble), 1) - own.to(at::kDouble);
    out.nll.narrow(0, begin, n).copy_(at::where(wanted, nll, at::zeros_like(nll)));
    out.greedy.narrow(0, begin, n).copy_(own.ge(at::amax(logits, 1)).logical_and_(wanted));
  }
  return out;
}

}  // namespace hyena::backbone
