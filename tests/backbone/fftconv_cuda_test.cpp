#include "backbone/ops/fftconv_cuda.h"

#include <functional>

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "backbone/ops/fftconv.h"
#include "backbone/ops/implicit_filter_kernels.h"
#include "backbone/ops/short_conv_kernels.h"
#ifdef HYENA_DEVICE_RUNTIME
#include "tests/backbone/host_as_cuda.h"
#endif

/// Tensors of a GPU on our methods, against the composition of LibTorch's operations in float64.
namespace hyena::backbone {
namespace {

at::Device device() {
#ifdef HYENA_DEVICE_RUNTIME
  static const bool ready = (let_device_code_use_cpu_tensors(), true);
  (void)ready;
  return at::kCPU;
#else
  return at::kCUDA;
#endif
}

double error(const at::Tensor& got, const at::Tensor& wanted) {
  const auto w = wanted.detach().to(at::kCPU, at::kDouble);
  return ((got.detach().to(at::kCPU, at::kDouble) - w).norm() / w.norm()).item<double>();
}

struct Case {
  std::vector<std::int64_t> sizes;  ///< (B, D, L) or (B, D, H, W)
  std::vector<std::int64_t> taps;   ///< (G, K) or (G, KH, KW)
  GridGeometry geometry;
  at::ScalarType dtype = at::kFloat;
  bool gates = true, bias = true, channels_last = false;
};

/// The signal's errors: y, dq, dk, dv, dh, dbias.
std::vector<double> errors(const Case& c) {
  at::manual_seed(static_cast<std::uint64_t>(c.sizes.back()));
  const auto options = at::TensorOptions().device(device());
  const auto signal = [&] {
    auto x = at::randn(c.sizes, options).to(c.dtype);
    if (c.channels_last) x = x.transpose(1, -1).contiguous().transpose(1, -1);
    return x.requires_grad_();
  };
  const auto q = c.gates ? signal() : at::Tensor(), k = c.gates ? signal() : at::Tensor();
  const auto v = signal();
  const auto h = (at::randn(c.taps, options) / std::sqrt(c.taps.back())).requires_grad_();
  const auto bias = c.bias ? at::randn({c.sizes[1]}, options).requires_grad_() : at::Tensor();
  const auto dy = at::randn(c.sizes, options).to(c.dtype);

  std::vector<at::Tensor> inputs;
  for (const auto& x : {q, k, v, h, bias}) {
    if (x.defined()) inputs.push_back(x);
  }
  const auto y = cuda_fftconv(q, k, v, h, bias, c.geometry);
  auto got = torch::autograd::grad({y}, inputs, {dy});
  got.insert(got.begin(), y);

  std::vector<at::Tensor> exact;
  for (const auto& x : inputs) {
    exact.push_back(x.detach().to(at::kCPU, at::kDouble).clone().requires_grad_());
  }
  const auto taken = [&, i = std::size_t{0}](const at::Tensor& x) mutable {
    return x.defined() ? exact[i++] : x;
  };
  auto take = taken;
  const auto eq = take(q), ek = take(k), ev = take(v), eh = take(h), eb = take(bias);
  const auto u = ek.defined() ? ek * ev : ev;
  auto z = c.sizes.size() == 3 ? composed_fftconv(u, eh, eb, c.geometry.centre_column)
                               : composed_fftconv2d(u, eh, eb, c.geometry);
  if (eq.defined()) z = eq * z;
  auto wanted = torch::autograd::grad({z}, exact, {dy.to(at::kCPU, at::kDouble)});
  wanted.insert(wanted.begin(), z);

  std::vector<double> result;
  for (std::size_t i = 0; i < got.size(); ++i) result.push_back(error(got[i], wanted[i]));
  return result;
}

void expect_below(const Case& c, double limit) {
  for (const double e : errors(c)) EXPECT_LT(e, limit) << c.sizes << " " << c.taps;
}

TEST(FftconvCuda, SequencesAndGrids) {
  expect_below({{2, 3, 37}, {3, 37}, {}}, 1e-5);
  expect_below({{2, 4, 21}, {2, 41}, {0, 20}}, 1e-5);
  expect_below({{2, 3, 5, 6}, {3, 9, 11}, {4, 5}}, 1e-5);
  expect_below({{1, 2, 4, 6}, {2, 4, 6}, {2, 3, true}}, 1e-5);
}

TEST(FftconvCuda, LayoutsTypesAndAbsentArguments) {
  for (const bool channels_last : {false, true}) {
    for (const bool gates : {false, true}) {
      for (const bool bias : {false, true}) {
        for (const auto& [dtype, limit] :
             {std::pair{at::kFloat, 1e-5}, {at::kHalf, 2e-3}, {at::kBFloat16, 1e-2}}) {
          Case c{{2, 3, 19}, {3, 19}, {}, dtype, gates, bias, channels_last};
          expect_below(c, limit);
          c = {{2, 3, 4, 5}, {3, 7, 9}, {3, 4}, dtype, gates, bias, channels_last};
          expect_below(c, limit);
        }
      }
    }
  }
}

TEST(FftconvCuda, PreparedFiltersGiveTheSame) {
  const auto options = at::TensorOptions().device(device());
  const auto v = at::randn({2, 3, 40}, options), k = at::randn({2, 3, 40}, options);
  const auto h = at::randn({3, 40}, options), bias = at::randn({3}, options);
  const auto prepared = prepare_cuda_fftconv(v, h, bias, {});
  EXPECT_TRUE(at::equal(prepared.gated({}, k, v), cuda_fftconv({}, k, v, h, bias, {})));
}

TEST(FftconvCuda, EmptyBatches) {
  const auto options = at::TensorOptions().device(device());
  const auto v = at::randn({0, 3, 8}, options).requires_grad_();
  const auto h = at::randn({3, 8}, options).requires_grad_();
  const auto y = cuda_fftconv({}, {}, v, h, {}, {});
  EXPECT_EQ(y.sizes(), v.sizes());
  const auto gradients = torch::autograd::grad({y}, {v, h}, {at::zeros_like(y)});
  EXPECT_EQ(gradients[1].abs().sum().item<double>(), 0);
}

/// A function of `inputs` on the device, and the same in float64 by LibTorch: values and gradients.
void expect_same(const std::function<at::Tensor(const std::vector<at::Tensor>&)>& ours,
                 const std::function<at::Tensor(const std::vector<at::Tensor>&)>& theirs,
                 const std::vector<at::Tensor>& inputs, double limit) {
  std::vector<at::Tensor> exact;
  for (const auto& x : inputs) {
    exact.push_back(x.detach().to(at::kCPU, at::kDouble).clone().requires_grad_(x.requires_grad()));
  }
  const auto y = ours(inputs), z = theirs(exact);
  EXPECT_LT(error(y, z), limit);
  const auto dy = at::randn_like(y);
  std::vector<at::Tensor> with_gradient, exact_with_gradient;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (!inputs[i].requires_grad()) continue;
    with_gradient.push_back(inputs[i]);
    exact_with_gradient.push_back(exact[i]);
  }
  const auto got = torch::autograd::grad({y}, with_gradient, {dy});
  const auto wanted =
      torch::autograd::grad({z}, exact_with_gradient, {dy.to(at::kCPU, at::kDouble)});
  for (std::size_t i = 0; i < got.size(); ++i) EXPECT_LT(error(got[i], wanted[i]), limit) << i;
}

TEST(FftconvCuda, ShortConvolutions) {
  at::manual_seed(5);
  const auto options = at::TensorOptions().device(device());
  const auto leaf = [&](std::vector<std::int64_t> sizes) {
    return at::randn(sizes, options).requires_grad_();
  };
  // A Linear's output seen channels first, and a grid.
  const auto line = at::randn({2, 37, 5}, options).transpose(1, 2).requires_grad_();
  expect_same(
      [](const auto& x) { return kernel_short_conv(x[0], x[1], x[2], 0, 2, true); },
      [](const auto& x) { return at::conv1d(x[0], x[1], x[2], 1, 2, 1, 5).slice(2, 0, 37); },
      {line, leaf({5, 1, 3}), leaf({5})}, 1e-5);
  expect_same([](const auto& x) { return kernel_short_conv(x[0], x[1], {}, 1, 2, true); },
              [](const auto& x) {
                return at::conv2d(x[0], x[1], {}, 1, {1, 2}, 1, 4);
              },
              {leaf({2, 4, 6, 7}), leaf({4, 1, 3, 5})}, 1e-5);
}

TEST(FftconvCuda, ImplicitFilters) {
  at::manual_seed(6);
  const auto options = at::TensorOptions().device(device());
  const auto leaf = [&](std::vector<std::int64_t> sizes) {
    return at::randn(sizes, options).requires_grad_();
  };
  const auto of = [](const std::vector<at::Tensor>& x) {
    return ImplicitFilter{x[0], {{x[1], x[2], x[3]}, {x[4], x[5], x[6]}}, x[7], x[8], x[9], {},
                          false};
  };
  expect_same([&](const auto& x) { return kernel_implicit_filter(of(x), true); },
              [&](const auto& x) {
                const Composition other;
                return implicit_filter(of(x));
              },
              {leaf({29, 5}), leaf({16, 5}), leaf({16}), leaf({16}), leaf({16, 16}), leaf({16}),
               leaf({16}), leaf({6, 16}), at::linspace(0, 1, 29, options), leaf({6})},
              1e-4);
}

TEST(FftconvCuda, ModelsCallIt) {
  const auto options = at::TensorOptions().device(device());
  const auto v = at::randn({2, 3, 100}, options), h = at::randn({3, 100}, options);
  const auto y = fftconv(v, h);
  EXPECT_TRUE(at::equal(y, cuda_fftconv({}, {}, v, h, {}, {})));
  const Composition other;
  EXPECT_LT(error(y, fftconv(v, h)), 1e-5);
}

}  // namespace
}  // namespace hyena::backbone
