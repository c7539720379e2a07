#include "bench/gpu.h"

#include <algorithm>
#include <cmath>
#include <memory>

#include <ATen/ATen.h>
#include <ATen/Context.h>
#include <ATen/core/grad_mode.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/cuda.h>

#include "backbone/ops/cuda_device.h"
#include "backbone/ops/fftconv.h"
#include "backbone/ops/fftconv_cuda.h"
#include "bench/sides.h"

namespace hyena::bench {
namespace {

constexpr std::int64_t kHeadSize = 64;
constexpr std::int64_t kErrorChannels = 16;

struct Arguments {
  Arguments(std::int64_t batch, std::int64_t channels, std::int64_t length, at::ScalarType dtype,
            at::Device device) {
    const auto options = at::TensorOptions().device(device);
    const auto signal = [&] { return at::randn({batch, channels, length}, options).to(dtype); };
    q = signal();
    k = signal();
    v = signal();
    dy = signal();
    const auto lag = at::arange(length, options).to(at::kFloat);
    h = at::randn({channels, length}, options) * lag.mul(-4.0 / static_cast<double>(length)).exp();
    bias = at::randn({channels}, options);
  }
  at::Tensor q, k, v, dy, h, bias;
};

at::Tensor leaf(const at::Tensor& x) {
  return x.detach().clone().set_requires_grad(true);
}

void synchronise(at::Device device) {
  if (device.is_cuda()) torch::cuda::synchronize();
}

/// Hyena's step; `method` names one of ours, "" the best, "torch.fft" the composition.
Side hyena_side(const std::string& name, const std::string& method, const Arguments& a,
                bool backward) {
  const auto scoped = [method](const std::function<void()>& work) {
    if (method == "torch.fft") {
      const backbone::Composition composition;
      work();
    } else {
      const backbone::CudaMethod by_name(method);
      work();
    }
  };
  const at::Device device = a.v.device();
  if (!backward) {
    auto prepared = std::make_shared<std::unique_ptr<backbone::PreparedFilter>>();
    scoped([&] {
      *prepared =
          std::make_unique<backbone::PreparedFilter>(a.h, a.bias, backbone::Support::kCausal, a.v);
    });
    return {name, [=] {
              (*prepared)->convolve(a.q, a.k, a.v);
              synchronise(device);
            }};
  }
  const auto q = leaf(a.q), k = leaf(a.k), v = leaf(a.v), h = leaf(a.h), bias = leaf(a.bias);
  return {name, [=] {
            scoped([&] {
              const auto y = backbone::gated_fftconv(q, k, v, h, bias);
              torch::autograd::grad({y}, {q, k, v, h, bias}, {a.dy});
            });
            synchronise(device);
          }};
}

enum class Backend { kFlash, kCudnn, kEfficient };

Side attention_side(Backend backend, const Arguments& a, bool backward) {
  const auto heads = [&](const at::Tensor& x) {
    return leaf(x.unflatten(1, {-1, kHeadSize}).transpose(2, 3).contiguous());
  };
  const auto q = heads(a.q), k = heads(a.k), v = heads(a.v), dy = heads(a.dy).detach();
  const at::Device device = a.v.device();
  const char* name = backend == Backend::kFlash   ? "flash"
                     : backend == Backend::kCudnn ? "cudnn"
                                                  : "efficient";
  return {name, [=] {
            auto& context = at::globalContext();
            context.setSDPUseFlash(backend == Backend::kFlash);
            context.setSDPUseCuDNN(backend == Backend::kCudnn);
            context.setSDPUseMemEfficient(backend == Backend::kEfficient);
            context.setSDPUseMath(!device.is_cuda());
            const at::AutoGradMode mode(backward);
            const auto y = at::scaled_dot_product_attention(q, k, v, {}, 0.0, /*is_causal=*/true);
            if (backward) torch::autograd::grad({y}, {q, k, v}, {dy});
            synchronise(device);
          }};
}

/// y against float64, on the first sequence and a few channels.
double error_of(const std::string& method, const Arguments& a) {
  const at::NoGradGuard no_grad;
  const std::int64_t some = std::min(kErrorChannels, a.v.size(1));
  const auto part = [&](const at::Tensor& x) { return x.slice(0, 0, 1).slice(1, 0, some); };
  const auto value = [&](at::ScalarType type, at::ScalarType of_h) {
    return backbone::gated_fftconv(part(a.q).to(type), part(a.k).to(type), part(a.v).to(type),
                                   a.h.slice(0, 0, some).to(of_h),
                                   a.bias.slice(0, 0, some).to(of_h));
  };
  at::Tensor exact, got;
  {
    const backbone::Composition composition;
    exact = value(at::kDouble, at::kDouble);
    if (method == "torch.fft") got = value(a.v.scalar_type(), at::kFloat);
  }
  if (!got.defined()) {
    const backbone::CudaMethod by_name(method);
    got = value(a.v.scalar_type(), at::kFloat);
  }
  return ((got.to(at::kDouble) - exact).norm() / exact.norm()).item<double>();
}

/// Bytes above what is there already, at their highest during one call; −1 on the CPU.
std::int64_t peak_bytes(const Side& side, at::Device device) {
  if (!device.is_cuda()) return -1;
  auto* allocator = c10::getDeviceAllocator(device.type());
  const auto now = [&] { return allocator->getDeviceStats(0).allocated_bytes[0]; };
  const std::int64_t before = now().current;
  allocator->resetPeakStats(0);
  side.run();
  return now().peak - before;
}

}  // namespace

void GpuBench::visit(backbone::OptionVisitor& v) {
  v.field("lengths", lengths_, {.help = "sequence lengths", .unit = "positions", .min = 1});
  v.field("dtypes", dtypes_, {.help = "of the signals: float32, bfloat16, float16"});
  v.field("d_model", d_model_, {.help = "channels", .min = 1});
  v.field("tokens", tokens_, {.help = "batch times length; one sequence at least", .min = 1});
  v.field("attention_up_to", attention_up_to_,
          {.help = "longest sequence for attention", .min = 0});
  v.field("device", device_, {.help = "cpu tries the program", .choices = {"cuda", "cpu"}});
  v.field("rounds", rounds_, {.help = "measurements of each side", .min = 1});
  v.field("seconds", seconds_, {.help = "of a side in a round, at least", .min = 0});
}

nlohmann::json GpuBench::run() {
  const at::Device device(device_);
  if (device.is_cuda() && (!torch::cuda::is_available() || !backbone::has_cuda_kernels())) {
    throw backbone::OptionError(
        "bench gpu: needs a GPU and a build with HYENA_CUDA=ON (cmake --preset cuda); "
        "--device cpu tries the program");
  }
  at::manual_seed(1);
  nlohmann::json rows = nlohmann::json::array();
  for (const std::string& name : dtypes_) {
    const auto dtype = name == "bfloat16"  ? at::kBFloat16
                       : name == "float16" ? at::kHalf
                       : name == "float32" ? at::kFloat
                                           : at::kByte;
    if (dtype == at::kByte) throw backbone::OptionError("bench gpu: no dtype " + name);
    for (const std::int64_t length : lengths_) {
      const std::int64_t batch = std::max<std::int64_t>(1, tokens_ / length);
      const Arguments a(batch, d_model_, length, dtype, device);
      for (const bool backward : {false, true}) {
        std::vector<Side> sides;
        nlohmann::json left_out = nlohmann::json::object();
        nlohmann::json peaks = nlohmann::json::object();
        const auto add = [&](const char* what, const std::function<Side()>& make) {
          try {
            sides.push_back(make());
            sides.back().run();
            peaks[sides.back().name] = peak_bytes(sides.back(), device);
          } catch (const c10::Error& error) {
            if (!sides.empty() && sides.back().name == what) sides.pop_back();
            left_out[what] = std::string(error.what_without_backtrace()).substr(0, 200);
          }
        };
        const auto hyena = [&](const char* side, const char* method) {
          add(side, [&] {
            Side s = hyena_side(side, method, a, backward);
            s.error = error_of(method, a);
            return s;
          });
        };
        hyena("ours", "");
        if (device.is_cuda()) hyena("cufft", "cufft");
        hyena("torch.fft", "torch.fft");
        if (d_model_ % kHeadSize == 0 && length <= attention_up_to_) {
          add("flash", [&] { return attention_side(Backend::kFlash, a, backward); });
          if (device.is_cuda()) {
            add("cudnn", [&] { return attention_side(Backend::kCudnn, a, backward); });
            add("efficient", [&] { return attention_side(Backend::kEfficient, a, backward); });
          }
        }
        if (sides.empty()) continue;
        auto row = compare(sides, {rounds_, seconds_});
        row["pass"] = backward ? "forward+backward" : "forward";
        row["dtype"] = name;
        row["length"] = length;
        row["batch"] = batch;
        row["channels"] = d_model_;
        row["peak_bytes"] = peaks;
        row["left_out"] = left_out;
        if (device.is_cuda()) {
          row["method"] = backbone::cuda_fftconv_method(a.v, a.h, {});
        }
        rows.push_back(row);
      }
    }
  }
  return {{"bench", "gpu"}, {"device", device_}, {"rows", rows}};
}

std::string GpuBench::table(const nlohmann::json& result) const {
  std::string text;
  for (const auto& row : result.at("rows")) {
    // Sides differ from row to row: each has its own head.
    text += head("| L | B | D | dtype | pass | method |", row) + "| " + row.at("length").dump() +
            " | " + row.at("batch").dump() + " | " + row.at("channels").dump() + " | " +
            row.at("dtype").get<std::string>() + " | " + row.at("pass").get<std::string>() + " | " +
            row.value("method", "-") + " |" + cells(row) + "\n\n";
  }
  return text;
}

}  // namespace hyena::bench
