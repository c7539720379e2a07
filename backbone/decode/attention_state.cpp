#include "backbone/decode/attention_state.h"

#include <optional>
#include <utility>
#include <vector>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "backbone/decode/packed.h"
#include "backbone/decode/short_filter.h"
#include "backbone/ops/aten_executor.h"
#include "backbone/ops/attention.h"
#include "backbone/options.h"

namespace hyena::backbone {
namespace {

template <class T>
struct NormWeights {
  explicit NormWeights(const LayerNorm* norm)
      : present(norm != nullptr),
        weight(present ? values_of<T>(norm->weight) : std::vector<T>()),
        bias(present ? values_of<T>(norm->bias) : std::vector<T>()) {}
  bool present;
  std::vector<T> weight, bias;
};

template <class T>
struct AttentionWeights {
  std::int64_t heads, head_dim;
  double eps;
  at::Tensor qkv_weight, qkv_bias, out_weight, out_bias;
  kernels::PackedMatrix<T> qkv, out;
  std::optional<ShortFilterWeights<T>> short_filter;
  NormWeights<T> q_norm, k_norm;

  std::int64_t width() const { return heads * head_dim; }
  /// Each head of a row of queries or keys, in place.
  void normalise(const NormWeights<T>& norm, T* row) const {
    if (!norm.present) return;
    std::vector<T> normed(static_cast<std::size_t>(width()));
    kernels::layer_norm(row, heads, head_dim, norm.weight.data(),
                        norm.bias.empty() ? nullptr : norm.bias.data(), eps, normed.data());
    std::copy(normed.begin(), normed.end(), row);
  }
};

template <class T>
class AttentionState final : public MixerState {
 public:
  AttentionState(std::shared_ptr<const AttentionWeights<T>> weights, std::int64_t batch)
      : weights_(std::move(weights)),
        keys_(static_cast<std::size_t>(batch)),
        values_(static_cast<std::size_t>(batch)),
        row_(static_cast<std::size_t>(batch * 3 * weights_->width())),
        mixed_(static_cast<std::size_t>(batch * weights_->width())) {
    if (weights_->short_filter) recent_.emplace(*weights_->short_filter, batch);
  }

  at::Tensor prefill(const at::Tensor& x, std::span<const std::int64_t> lengths) override {
    const AttentionWeights<T>& w = *weights_;
    auto rows = at::linear(x, w.qkv_weight, w.qkv_bias);
    if (recent_) rows = recent_->prefill(*w.short_filter, rows, lengths);
    rows = rows.contiguous();
    const std::int64_t positions = x.size(1), width = w.width();
    T* const data = rows.template data_ptr<T>();
    for (std::size_t b = 0; b < keys_.size(); ++b) {
      keys_[b].clear();
      values_[b].clear();
      for (std::int64_t t = 0; t < positions; ++t) {
        T* const row = data + (static_cast<std::int64_t>(b) * positions + t) * 3 * width;
        w.normalise(w.q_norm, row);
        w.normalise(w.k_norm, row + width);
        if (t < lengths[b]) remember(b, row);
      }
    }
    const auto parts =
        rows.unflatten(2, {3, w.heads, w.head_dim}).permute({2, 0, 3, 1, 4}).unbind(0);
    const auto y = attention(parts[0], parts[1], parts[2], /*causal=*/true);
    return at::linear(y.transpose(1, 2).flatten(2), w.out_weight, w.out_bias);
  }

  void step(const void* x, void* y) override {
    const AttentionWeights<T>& w = *weights_;
    const AtenExecutor executor;
    const auto batch = static_cast<std::int64_t>(keys_.size());
    const std::int64_t width = w.width();
    w.qkv.multiply(static_cast<const T*>(x), batch, row_.data(), executor);
    if (recent_) {
      std::vector<T> filtered(row_.size());
      recent_->step(*w.short_filter, row_.data(), filtered.data());
      row_.swap(filtered);
    }
    for (std::int64_t b = 0; b < batch; ++b) {
      T* const row = row_.data() + b * 3 * width;
      const auto at = static_cast<std::size_t>(b);
      w.normalise(w.q_norm, row);
      w.normalise(w.k_norm, row + width);
      remember(at, row);
      const auto positions = static_cast<std::int64_t>(keys_[at].size()) / width;
      scores_.resize(static_cast<std::size_t>(positions));
      kernels::attend(row, keys_[at].data(), values_[at].data(), positions, w.heads, w.head_dim,
                      scores_.data(), mixed_.data() + b * width);
    }
    w.out.multiply(mixed_.data(), batch, static_cast<T*>(y), executor);
  }

  std::unique_ptr<MixerState> fork() const override {
    return std::make_unique<AttentionState>(*this);
  }

  void save(StateBytes& to) const override {
    for (std::size_t b = 0; b < keys_.size(); ++b) {
      to.put(std::span<const T>(keys_[b]));
      to.put(std::span<const T>(values_[b]));
    }
    if (recent_) to.put(std::as_const(*recent_).memory());
  }
  void restore(StateBytes& from) override {
    for (std::size_t b = 0; b < keys_.size(); ++b) {
      keys_[b] = from.take<T>();
      values_[b] = from.take<T>();
      if (keys_[b].size() != values_[b].size() ||
          keys_[b].size() % static_cast<std::size_t>(weights_->width()) != 0) {
        throw OptionError("a saved decoder state is of another model");
      }
    }
    if (recent_) from.take(recent_->memory());
  }

  std::int64_t state_bytes() const override {
    std::size_t numbers = recent_ ? recent_->memory().size() : 0;
    for (std::size_t b = 0; b < keys_.size(); ++b) {
      numbers += keys_[b].capacity() + values_[b].capacity();
    }
    return static_cast<std::int64_t>(numbers * sizeof(T));
  }
  std::int64_t weight_bytes() const override {
    return weights_->qkv.bytes() + weights_->out.bytes();
  }

 private:
  void remember(std::size_t b, const T* row) {
    const std::int64_t width = weights_->width();
    keys_[b].insert(keys_[b].end(), row + width, row + 2 * width);
    values_[b].insert(values_[b].end(), row + 2 * width, row + 3 * width);
  }

  std::shared_ptr<const AttentionWeights<T>> weights_;
  std::vector<std::vector<T>> keys_, values_;  ///< (positions, width) of each sequence
  std::optional<ShortFilterState<T>> recent_;
  std::vector<T> row_, mixed_, scores_;  ///< of the step at hand
};

}  // namespace

std::unique_ptr<MixerState> attention_state(const AttentionParts& parts,
                                            const MixerDecodeOptions& options,
                                            const std::string& name) {
  const at::NoGradGuard no_grad;
  const auto type = decoding_type(parts.qkv.weight, "mixer " + name);
  return for_type(type, [&](auto zero) -> std::unique_ptr<MixerState> {
    using T = decltype(zero);
    std::optional<ShortFilterWeights<T>> short_filter;
    if (parts.short_weight.defined()) short_filter.emplace(parts.short_weight, parts.short_bias);
    auto weights = std::make_shared<const AttentionWeights<T>>(
        AttentionWeights<T>{.heads = parts.heads,
                            .head_dim = parts.qkv.weight.size(0) / 3 / parts.heads,
                            .eps = parts.norm_eps,
                            .qkv_weight = parts.qkv.weight.detach(),
                            .qkv_bias = parts.qkv.bias,
                            .out_weight = parts.out.weight.detach(),
                            .out_bias = parts.out.bias,
                            .qkv = packed<T>(parts.qkv.weight, parts.qkv.bias),
                            .out = packed<T>(parts.out.weight, parts.out.bias),
                            .short_filter = std::move(short_filter),
                            .q_norm = NormWeights<T>(parts.q_norm),
                            .k_norm = NormWeights<T>(parts.k_norm)});
    return std::make_unique<AttentionState<T>>(std::move(weights), options.batch);
  });
}

}  // namespace hyena::backbone
