#include <memory>
#include <utility>
#include <vector>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "backbone/decode/mixer_state.h"
#include "backbone/decode/packed.h"
#include "backbone/decode/short_filter.h"
#include "backbone/hyena_operator.h"
#include "backbone/ops/aten_executor.h"
#include "kernels/online_conv.h"

namespace hyena::backbone {
namespace {

/// What all states of an operator share. Streams lie one behind the other, heads side by side in
/// each: x_0, …, x_{N−1}, v, each `width` channels.
template <class T>
struct HyenaWeights {
  std::int64_t order = 0, width = 0;
  kernels::Activation activation = kernels::Activation::kNone;
  std::string activation_name;
  at::Tensor in_weight, in_bias, out_weight, out_bias;  ///< for prompts
  kernels::PackedMatrix<T> in, out;
  ShortFilterWeights<T> short_filter;
  at::Tensor taps, skip;  ///< what the filters below read at each prefill
  std::vector<kernels::OnlineFilter> filters;

  std::int64_t bytes() const {
    auto sum = in.bytes() + out.bytes() + static_cast<std::int64_t>(taps.nbytes());
    for (const auto& filter : filters) sum += filter.bytes();
    return sum;
  }
};

template <class T>
class HyenaState final : public MixerState {
 public:
  HyenaState(std::shared_ptr<const HyenaWeights<T>> weights, std::int64_t batch)
      : weights_(std::move(weights)), batch_(batch), recent_(weights_->short_filter, batch) {
    for (const auto& filter : weights_->filters) long_.emplace_back(filter, batch);
    const std::int64_t streams = weights_->order + 1;
    projected_.resize(static_cast<std::size_t>(batch * streams * weights_->width));
    filtered_.resize(projected_.size());
    value_.resize(static_cast<std::size_t>(batch * weights_->width));
    mixed_.resize(value_.size());
  }

  at::Tensor prefill(const at::Tensor& x, std::span<const std::int64_t> lengths) override {
    const HyenaWeights<T>& w = *weights_;
    const std::int64_t positions = x.size(1);
    const auto projected = at::linear(x, w.in_weight, w.in_bias);
    const auto streams =
        recent_.prefill(w.short_filter, projected, lengths).unflatten(2, {w.order + 1, w.width});
    auto v = streams.select(2, w.order);
    for (std::int64_t o = 0; o + 1 < w.order; ++o) {
      const auto gated = (v * streams.select(2, w.order - 1 - o)).contiguous();
      const auto y = at::zeros_like(gated);
      long_[static_cast<std::size_t>(o)].prefill(
          {gated.const_data_ptr(), positions * w.width, w.width}, positions, lengths,
          {y.data_ptr(), positions * w.width, w.width}, AtenExecutor());
      v = y;
    }
    return at::linear(backbone::activation(v * streams.select(2, 0), w.activation_name),
                      w.out_weight, w.out_bias);
  }

  void step(const void* x, void* y) override {
    const HyenaWeights<T>& w = *weights_;
    const AtenExecutor executor;
    const std::int64_t row = (w.order + 1) * w.width;
    w.in.multiply(static_cast<const T*>(x), batch_, projected_.data(), executor);
    recent_.step(w.short_filter, projected_.data(), filtered_.data());
    for (std::int64_t o = 0; o + 1 < w.order; ++o) {
      for (std::int64_t b = 0; b < batch_; ++b) {
        T* const v = value_.data() + b * w.width;
        const T* const streams = filtered_.data() + b * row;
        const T* const from = o == 0 ? streams + w.order * w.width : mixed_.data() + b * w.width;
        kernels::multiply_into(from, streams + (w.order - 1 - o) * w.width, w.width, v);
      }
      long_[static_cast<std::size_t>(o)].step({value_.data(), w.width, 0},
                                              {mixed_.data(), w.width, 0}, executor);
    }
    for (std::int64_t b = 0; b < batch_; ++b) {
      T* const v = mixed_.data() + b * w.width;
      kernels::multiply_into(v, filtered_.data() + b * row, w.width, v);
    }
    kernels::activate(w.activation, batch_ * w.width, mixed_.data());
    w.out.multiply(mixed_.data(), batch_, static_cast<T*>(y), executor);
  }

  std::unique_ptr<MixerState> fork() const override { return std::make_unique<HyenaState>(*this); }

  void save(StateBytes& to) const override {
    to.put(recent_.memory());
    for (const auto& convolution : long_) to.put(std::span<const std::byte>(convolution.save()));
  }
  void restore(StateBytes& from) override {
    from.take(recent_.memory());
    for (auto& convolution : long_) {
      try {
        convolution.restore(from.take<std::byte>());
      } catch (const kernels::ArgumentError& error) {
        throw OptionError(std::string("a saved decoder state is of another model, batch or "
                                      "method: ") +
                          error.what());
      }
    }
  }

  std::int64_t state_bytes() const override {
    auto bytes = static_cast<std::int64_t>(recent_.memory().size_bytes());
    for (const auto& convolution : long_) bytes += convolution.bytes();
    return bytes;
  }
  std::int64_t weight_bytes() const override { return weights_->bytes(); }

 private:
  std::shared_ptr<const HyenaWeights<T>> weights_;
  std::int64_t batch_;
  ShortFilterState<T> recent_;
  std::vector<kernels::OnlineConvolution> long_;
  std::vector<T> projected_, filtered_, value_, mixed_;  ///< of the step at hand
};

void check(const HyenaOptions& options, bool centred) {
  const auto refuse = [](const std::string& what) {
    throw OptionError("a Hyena operator with " + what +
                      " cannot decode token by token; decode with method recompute");
  };
  if (centred) refuse("filters that see the future");
  if (options.outer_mixing) refuse("outer_mixing");
  if (options.post_order_ffn) refuse("post_order_ffn");
  if (options.use_layernorm) refuse("use_layernorm");
  if (options.compat_num_blocks > 1) refuse("compat_num_blocks");
}

}  // namespace

std::unique_ptr<MixerState> HyenaOperator::start_decoding(const MixerDecodeOptions& decode) {
  check(options_, filter_.centred());
  const at::NoGradGuard no_grad;
  const auto type = decoding_type(in_proj_.weight, "mixer hyena");
  const std::int64_t heads = options_.num_heads, order = options_.order;
  // From (heads, streams, head_dim) to (streams, heads, head_dim).
  const auto by_stream = [&](const at::Tensor& t) {
    return t.unflatten(0, {heads, order + 1, head_dim_}).transpose(0, 1).flatten(0, 2).contiguous();
  };
  const auto taps = filters(decode.max_length).to(type).contiguous();  // (N−1, head_dim, K)
  const auto skip = by_order(filter_.skip()).to(type).repeat({1, heads}).contiguous();
  return for_type(type, [&](auto zero) -> std::unique_ptr<MixerState> {
    using T = decltype(zero);
    auto weights = std::make_shared<HyenaWeights<T>>(
        HyenaWeights<T>{.order = order,
                        .width = heads * head_dim_,
                        .activation = activation_of(options_.activation),
                        .activation_name = options_.activation,
                        .in_weight = by_stream(in_proj_.weight),
                        .in_bias = by_stream(in_proj_.bias),
                        .out_weight = out_proj_.weight.detach(),
                        .out_bias = out_proj_.bias.detach(),
                        .in = {},
                        .out = packed<T>(out_proj_.weight, out_proj_.bias),
                        .short_filter = {by_stream(short_weight_), by_stream(short_bias_)},
                        .taps = taps,
                        .skip = skip,
                        .filters = {}});
    weights->in = packed<T>(weights->in_weight, weights->in_bias);
    const kernels::OnlineOptions online{
        .method = decode.lazy ? kernels::OnlineMethod::kLazy : kernels::OnlineMethod::kTiled,
        .horizon = decode.horizon,
        .spread = decode.spread,
        .phase = decode.phase};
    for (std::int64_t o = 0; o + 1 < order; ++o) {
      const std::int64_t count = taps.size(2);
      weights->filters.emplace_back(
          kernels::ConstTaps{.data = taps[o].const_data_ptr(),
                             .rows = head_dim_,
                             .count = count,
                             .centre = 0,
                             .channel = count,
                             .tap = 1},
          skip[o].const_data_ptr(), heads * head_dim_,
          type == at::kDouble ? kernels::Type::kFloat64 : kernels::Type::kFloat32, online,
          AtenExecutor());
    }
    return std::make_unique<HyenaState<T>>(std::move(weights), decode.batch);
  });
}

}  // namespace hyena::backbone
