#include "backbone/ops/linear.h"

#include <optional>
#include <string_view>

#include <ATen/ATen.h>
#include <ATen/Context.h>
#include <ATen/autocast_mode.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/custom_function.h>

#include "backbone/ops/fftconv.h"

namespace hyena::backbone {
namespace {

using Optional = std::optional<at::Tensor>;
using Product = at::Tensor(const at::Tensor&, const at::Tensor&, const Optional&, c10::string_view,
                           c10::List<std::optional<at::Scalar>>, std::optional<c10::string_view>);

/// Below so many multiplications MKL is faster: oneDNN needs some 10 µs to begin.
constexpr std::int64_t kLeastProduct = std::int64_t{1} << 21;

bool mkl_lacks_avx512() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512f") && !__builtin_cpu_is("intel");
#else
  return false;
#endif
}

/// oneDNN's operator of LibTorch, where it is built in.
const std::optional<c10::TypedOperatorHandle<Product>>& onednn() {
  static const auto product = []() -> std::optional<c10::TypedOperatorHandle<Product>> {
    if (!mkl_lacks_avx512() || !at::globalContext().hasMKLDNN()) return std::nullopt;
    const auto op = c10::Dispatcher::singleton().findSchema({"mkldnn::_linear_pointwise", ""});
    if (!op) return std::nullopt;
    try {
      return op->typed<Product>();
    } catch (const c10::Error&) {  // another LibTorch's, of other arguments
      return std::nullopt;
    }
  }();
  return product;
}

/// a (M, K) · bᵀ, b (N, K).
at::Tensor product(const at::Tensor& a, const at::Tensor& second, const Optional& bias) {
  if (at::GradMode::is_enabled()) return at::linear(a, second, bias);  // to be differentiated again
  const at::Tensor b = second.is_non_overlapping_and_dense() ? second : second.contiguous();
  return onednn()->call(a, b, bias, "none", c10::List<std::optional<at::Scalar>>(), "");
}

/// dyᵀ x. The operator copies a transposed first factor: that is to be the narrower one.
at::Tensor weight_gradient(const at::Tensor& dy, const at::Tensor& x) {
  return dy.size(1) <= x.size(1) ? product(dy.t(), x.t(), {})
                                 : product(x.t(), dy.t(), {}).t().contiguous();
}

struct OnednnLinear : torch::autograd::Function<OnednnLinear> {
  static at::Tensor forward(torch::autograd::AutogradContext* ctx, const at::Tensor& x,
                            const at::Tensor& weight, const Optional& bias) {
    ctx->save_for_backward({x, weight});
    ctx->saved_data["bias"] = bias.has_value();  // an absent tensor is no input to ask about
    return product(x, weight, bias);
  }
  static torch::autograd::tensor_list backward(torch::autograd::AutogradContext* ctx,
                                               const torch::autograd::tensor_list& gradients) {
    const auto saved = ctx->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1], &dy = gradients[0];
    at::Tensor dx, dweight, dbias;
    if (ctx->needs_input_grad(0)) dx = product(dy, weight.t(), {});
    if (ctx->needs_input_grad(1)) dweight = weight_gradient(dy, x);
    if (ctx->saved_data["bias"].toBool() && ctx->needs_input_grad(2)) dbias = dy.sum(0);
    return {dx, dweight, dbias};
  }
};

bool pays(const at::Tensor& x, const at::Tensor& weight) {
  const auto plain = [](const at::Tensor& t) {
    return t.is_cpu() && t.scalar_type() == at::kFloat && t.layout() == at::kStrided;
  };
  return plain(x) && plain(weight) && x.dim() >= 2 && x.size(-1) == weight.size(1) &&
         x.numel() * weight.size(0) >= kLeastProduct && !Composition::alive() &&
         !at::autocast::is_autocast_enabled(at::kCPU) && at::globalContext().userEnabledMkldnn() &&
         linear_on_onednn();
}

}  // namespace

bool linear_on_onednn() {
  return onednn().has_value();
}

at::Tensor linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  if (!pays(x, weight)) return at::linear(x, weight, bias);
  const auto rows = x.reshape({-1, x.size(-1)});
  const auto y = OnednnLinear::apply(rows, weight, bias.defined() ? Optional(bias) : std::nullopt);
  auto shape = x.sizes().vec();
  shape.back() = weight.size(0);
  return y.view(shape);
}

}  // namespace hyena::backbone
