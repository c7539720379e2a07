#include "backbone/ops/recompute.h"

#include <algorithm>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include <ATen/ATen.h>
#include <ATen/Context.h>
#include <ATen/autocast_mode.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

namespace hyena::backbone {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;

/// Where the random numbers of a device stand.
class RandomState {
 public:
  explicit RandomState(at::Device device)
      : generator_(at::globalContext().defaultGenerator(device)) {
    const std::lock_guard lock(generator_.mutex());
    state_ = generator_.get_state();
  }
  void restore() const {
    auto generator = generator_;
    const std::lock_guard lock(generator.mutex());
    generator.set_state(state_);
  }

 private:
  at::Generator generator_;
  at::Tensor state_;
};

struct AutocastState {
  explicit AutocastState(at::DeviceType d)
      : device(d),
        enabled(at::autocast::is_autocast_enabled(d)),
        type(at::autocast::get_autocast_dtype(d)) {}
  void set() const {
    at::autocast::set_autocast_enabled(device, enabled);
    at::autocast::set_autocast_dtype(device, type);
  }
  at::DeviceType device;
  bool enabled;
  at::ScalarType type;
};

/// What a segment needs to run once more as it ran.
struct Replay : torch::CustomClassHolder {
  Replay(Segment s, at::Device device)
      : segment(std::move(s)), cpu(at::Device(at::kCPU)), autocast(device.type()) {
    if (!device.is_cpu()) own.emplace(device);
  }
  void restore_random() const {
    cpu.restore();
    if (own) own->restore();
  }
  Segment segment;
  RandomState cpu;
  std::optional<RandomState> own;
  AutocastState autocast;
};

struct Recompute : torch::autograd::Function<Recompute> {
  static tensor_list forward(AutogradContext* ctx, at::TensorList inputs,
                             const c10::intrusive_ptr<Replay>& replay) {
    ctx->save_for_backward(inputs.vec());
    ctx->saved_data["replay"] = c10::IValue::make_capsule(replay);
    return replay->segment(inputs.vec());
  }
  static tensor_list backward(AutogradContext* ctx, tensor_list gradients) {
    const auto replay =
        c10::static_intrusive_pointer_cast<Replay>(ctx->saved_data["replay"].toCapsule());
    tensor_list inputs;
    for (const auto& saved : ctx->get_saved_variables()) {
      inputs.push_back(saved.detach().set_requires_grad(saved.requires_grad()));
    }
    const at::Device device = inputs.front().device();
    const Replay after(nullptr, device);  // random numbers and autocast as they are now
    tensor_list outputs;
    {
      const at::AutoGradMode record(true);
      replay->restore_random();
      replay->autocast.set();
      outputs = replay->segment(inputs);
    }
    after.restore_random();
    after.autocast.set();
    tensor_list roots, seeds;
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      if (!gradients[i].defined() || !outputs[i].requires_grad()) continue;
      roots.push_back(outputs[i]);
      seeds.push_back(gradients[i]);
    }
    torch::autograd::backward(roots, seeds);
    tensor_list out;
    for (const auto& input : inputs) out.push_back(input.grad());
    out.emplace_back();  // of the replay
    return out;
  }
};

}  // namespace

std::vector<at::Tensor> recomputed(const Segment& segment, const std::vector<at::Tensor>& inputs) {
  const bool wanted = at::GradMode::is_enabled() &&
                      std::ranges::any_of(inputs, [](const auto& x) { return x.requires_grad(); });
  if (!wanted) return segment(inputs);
  // A list of tensors is seen as inputs only in this type.
  return Recompute::apply(at::TensorList(inputs),
                          c10::make_intrusive<Replay>(segment, inputs.front().device()));
}

}  // namespace hyena::backbone
