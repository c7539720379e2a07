#include "backbone/decode/block_step.h"

#include <utility>
#include <vector>

#include <ATen/ATen.h>

#include "backbone/decode/packed.h"
#include "backbone/models/language_block.h"
#include "backbone/ops/aten_executor.h"

namespace hyena::backbone {
namespace {

template <class T>
struct BlockWeights {
  std::vector<T> norm1_weight, norm1_bias, norm2_weight, norm2_bias;
  kernels::PackedMatrix<T> fc1, fc2;
  double eps = 0;
};

template <class T>
class BlockStepOf final : public BlockStep {
 public:
  BlockStepOf(LanguageBlock& block, std::unique_ptr<MixerState> mixer,
              std::shared_ptr<const BlockWeights<T>> weights, std::int64_t batch)
      : BlockStep(block, std::move(mixer)), weights_(std::move(weights)), batch_(batch) {
    normed_.resize(static_cast<std::size_t>(batch * weights_->fc1.in()));
    inner_.resize(static_cast<std::size_t>(batch * weights_->fc1.out()));
  }

  void step(void* hidden, void* residual) override {
    const BlockWeights<T>& w = *weights_;
    const AtenExecutor executor;
    const std::int64_t width = w.fc1.in(), count = batch_ * width;
    T* const h = static_cast<T*>(hidden);
    T* const r = static_cast<T*>(residual);
    const auto norm = [&](const std::vector<T>& weight, const std::vector<T>& bias) {
      kernels::layer_norm(r, batch_, width, weight.data(), bias.data(), w.eps, normed_.data());
    };
    kernels::add_into(h, count, r);
    norm(w.norm1_weight, w.norm1_bias);
    mixer_->step(normed_.data(), h);
    kernels::add_into(h, count, r);
    norm(w.norm2_weight, w.norm2_bias);
    w.fc1.multiply(normed_.data(), batch_, inner_.data(), executor);
    kernels::activate(kernels::Activation::kGeluTanh, batch_ * w.fc1.out(), inner_.data());
    w.fc2.multiply(inner_.data(), batch_, h, executor);
  }

  std::unique_ptr<BlockStep> fork() const override {
    return std::make_unique<BlockStepOf>(*block_, mixer_->fork(), weights_, batch_);
  }

  std::int64_t weight_bytes() const override {
    return weights_->fc1.bytes() + weights_->fc2.bytes() + mixer_->weight_bytes();
  }

 private:
  std::shared_ptr<const BlockWeights<T>> weights_;
  std::int64_t batch_;
  std::vector<T> normed_, inner_;  ///< of the step at hand
};

}  // namespace

ResidualStream BlockStep::prefill(const ResidualStream& stream,
                                  std::span<const std::int64_t> lengths) {
  return block_->forward(
      stream, [&](const at::Tensor& x) { return mixer_->prefill(x.contiguous(), lengths); });
}

std::unique_ptr<BlockStep> block_step(LanguageBlock& block, const MixerDecodeOptions& options) {
  const auto type = decoding_type(block.find("mlp.fc1.weight"), "block");
  auto mixer = block.mixer().start_decoding(options);
  return for_type(type, [&](auto zero) -> std::unique_ptr<BlockStep> {
    using T = decltype(zero);
    const auto values = [&](const char* name) { return values_of<T>(block.find(name)); };
    auto weights = std::make_shared<const BlockWeights<T>>(
        BlockWeights<T>{.norm1_weight = values("norm1.weight"),
                        .norm1_bias = values("norm1.bias"),
                        .norm2_weight = values("norm2.weight"),
                        .norm2_bias = values("norm2.bias"),
                        .fc1 = packed<T>(block.find("mlp.fc1.weight"), block.find("mlp.fc1.bias")),
                        .fc2 = packed<T>(block.find("mlp.fc2.weight"), block.find("mlp.fc2.bias")),
                        .eps = block.options().eps});
    return std::make_unique<BlockStepOf<T>>(block, std::move(mixer), std::move(weights),
                                            options.batch);
  });
}

}  // namespace hyena::backbone
