#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <ATen/ATen.h>
#include <ATen/record_function.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "backbone/hyena_operator.h"
#include "backbone/mixers/hyena2d.h"
#include "backbone/ops/projection.h"
#ifdef HYENA_DEVICE_RUNTIME
#include "tests/backbone/host_as_cuda.h"
#endif

/// Whole operators on GPU tensors: the numbers of the CPU, and no signal copied on its way between
/// projections and convolutions.
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

/// Counts copies of at least so many elements while alive, wherever LibTorch makes them, but for
/// those of aten::addmm: it begins with the bias in place of its result.
class Copies {
 public:
  explicit Copies(std::int64_t least) {
    least_ = least;
    count_ = 0;
    inside_addmm_ = 0;
    handle_ = at::addGlobalCallback(at::RecordFunctionCallback(enter, leave).needsOutputs(true));
  }
  ~Copies() { at::removeCallback(handle_); }
  int count() const { return count_; }

 private:
  static bool is(const at::RecordFunction& f, const char* name) {
    return std::string(f.name()) == name;
  }
  static std::unique_ptr<at::ObserverContext> enter(const at::RecordFunction& f) {
    inside_addmm_ += is(f, "aten::addmm");
    return nullptr;
  }
  static void leave(const at::RecordFunction& f, at::ObserverContext*) {
    inside_addmm_ -= is(f, "aten::addmm");
    if (!is(f, "aten::copy_") || inside_addmm_ > 0) return;
    count_ += f.outputs().at(0).toTensor().numel() >= least_;
  }

  static inline std::atomic<std::int64_t> least_;
  static inline std::atomic<int> count_, inside_addmm_;
  at::CallbackHandle handle_;
};

double error(const at::Tensor& got, const at::Tensor& wanted) {
  const auto w = wanted.detach().to(at::kCPU, at::kDouble);
  return ((got.detach().to(at::kCPU, at::kDouble) - w).norm() / w.norm()).item<double>();
}

/// Values and gradients of a module on the device, against the same in float64, which our GPU
/// kernels do not serve.
void expect_same_without_copies(Module& module, const at::Tensor& u,
                                const std::function<at::Tensor(const at::Tensor&)>& forward) {
  const auto c = at::randn(u.sizes(), u.options());
  const auto run = [&](at::ScalarType type) {
    module.to(type);
    const auto x = u.detach().to(type).clone().set_requires_grad(true);
    std::vector<at::Tensor> inputs{x}, results;
    for (const auto& p : module.parameters()) {
      if (p.tensor.requires_grad()) inputs.push_back(p.tensor);
    }
    const Copies copies(u.numel());
    results.push_back(forward(x));
    const auto gradients = torch::autograd::grad({results[0]}, inputs, {c.to(type)}, {}, false,
                                                 /*allow_unused=*/true);
    if (type == at::kFloat) {
      EXPECT_EQ(copies.count(), 0);
    } else {
      EXPECT_GT(copies.count(), 0) << "none were seen";
    }
    results.insert(results.end(), gradients.begin(), gradients.end());
    return results;
  };
  const auto got = run(at::kFloat), wanted = run(at::kDouble);
  for (std::size_t i = 0; i < got.size(); ++i) {
    ASSERT_EQ(got[i].defined(), wanted[i].defined()) << i;
    if (got[i].defined()) {
      EXPECT_LT(error(got[i], wanted[i]), 2e-5) << i;
    }
  }
}

HyenaOptions small(std::int64_t l_max, std::int64_t order) {
  HyenaOptions options;
  options.l_max = l_max;
  options.order = order;
  options.filter.emb_dim = 5;
  options.filter.filter_order = 8;
  options.filter.w = 3;
  return options;
}

TEST(MixersCuda, SequencesAreNotCopied) {
  at::manual_seed(3);
  for (const bool centred : {false, true}) {
    for (const std::int64_t order : {2, 3}) {
      (void)device();
      HyenaOperator op(6, small(19, order), centred);
      op.to(device());
      const auto u = at::randn({4, 19, 6}, at::TensorOptions().device(device()));
      expect_same_without_copies(op, u, [&](const at::Tensor& x) { return op.forward(x); });
    }
  }
}

TEST(MixersCuda, GridsAreNotCopied) {
  at::manual_seed(4);
  (void)device();
  const TokenGrid grid{.height = 5, .width = 7};
  Hyena2dMixer mixer({.d_model = 6, .grid = grid}, {});
  mixer.to(device());
  const auto u = at::randn({8, 35, 6}, at::TensorOptions().device(device()));
  expect_same_without_copies(mixer, u, [&](const at::Tensor& x) { return mixer.forward(x, grid); });
}

TEST(MixersCuda, PositionsOfASignalAreNeighbours) {
  const auto options = at::TensorOptions().device(device());
  const auto x = at::randn({4, 9, 5}, options), w = at::randn({7, 5}, options);
  for (const auto& bias : {at::randn({7}, options), at::Tensor()}) {
    const auto y = project_to_signal(x, w, bias);
    EXPECT_EQ(y.sizes(), (std::vector<std::int64_t>{4, 7, 9}));
    EXPECT_EQ(y.strides(), (std::vector<std::int64_t>{9, 36, 1}));
    EXPECT_LT(error(y, at::linear(x, w, bias).transpose(1, 2)), 1e-6);
    const auto back = at::randn({3, 7}, options), skip = at::randn({3}, options);
    const auto tokens = project_to_tokens(y, back, skip);
    EXPECT_TRUE(tokens.is_contiguous());
    EXPECT_LT(error(tokens, at::linear(y.transpose(1, 2), back, skip)), 1e-6);
  }
}

}  // namespace
}  // namespace hyena::backbone
