#pragma once

#include <utility>

#include "kernels/cuda/group.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/taps.h"

namespace hyena::kernels::cuda {

/// A method that keeps spectra between its kernels, by groups of sequences (group.h). Transform has
///   kName, lags()                   lags that its filters have
///   signal_pairs() filter_pairs()   of a spectrum: pairs of floats
///   blocks()                        of threads that a channel's spectra are dealt to
///   table_pairs() fill(floats)
///   context(call)                   first argument of what starts its kernels, found by its type:
///     load_filter(channels, dense, spectra) store_filter(channels, spectra, dense)   taps by lag
///     load_signals(group, k, v, spectra)   of k ⊙ v (v where k is absent), as far as one kernel
///                                          takes them
///     convolve(group, spectra, filter)
///     differentiate(group, u, dc, filter, dh, add)   u becomes u ∗ h; dc the correlation of dc and
///                                          h; dh, one for each channel, gets Σ dc · conj(u) over
///                                          the items in order, added to what is there if `add`
///     store_signals(group, way, spectra, stores)
template <class Transform>
class GroupedMethod : public Method {
 public:
  GroupedMethod(const Shape& shape, const Device& device, Transform transform)
      : shape_(shape),
        device_(device),
        transform_(std::move(transform)),
        lags_(transform_.lags()) {}

  std::string name() const override { return Transform::kName; }

  std::size_t table_bytes() const override { return bytes(transform_.table_pairs()); }
  void fill_table(void* memory) const override { transform_.fill(static_cast<float*>(memory)); }

  std::size_t filter_bytes() const override {
    return bytes(shape_.channels * transform_.filter_pairs());
  }
  std::size_t prepare_workspace() const override { return dense_bytes(); }
  void prepare(const Call& call, const ConstGridTaps& h, const float* bias,
               void* filter) const override {
    auto* dense = static_cast<float*>(call.workspace);
    gather_taps(shape_, lags_, h, bias, dense, call.stream);
    load_filter(transform_.context(call), shape_.channels, dense, static_cast<float*>(filter));
  }

  std::size_t forward_workspace(std::int64_t batch) const override {
    return bytes(group_of(batch, 1).count() * transform_.signal_pairs());
  }
  void forward(const Call& call, std::int64_t batch, const void* filter, ConstSequences q,
               ConstSequences k, ConstSequences v, Sequences y) const override {
    const auto c = transform_.context(call);
    auto* spectra = static_cast<float*>(call.workspace);
    for_each_group(batch, shape_.channels, group_of(batch, 1), [&](const Group& group) {
      load_signals(c, group, k, v, spectra);
      convolve(c, group, spectra, of_channel(filter, group));
      store_signals(c, group, Way::kConvolution, spectra, {q, {}, y, {}});
    });
  }

  std::size_t backward_workspace(std::int64_t batch) const override {
    const Group group = group_of(batch, 2);
    return bytes(2 * group.count() * transform_.signal_pairs() +
                 group.channels * transform_.filter_pairs()) +
           dense_bytes();
  }
  void backward(const Call& call, std::int64_t batch, const void* filter, ConstSequences q,
                ConstSequences k, ConstSequences v, ConstSequences dy,
                const Gradients& gradients) const override {
    const auto c = transform_.context(call);
    const Group largest = group_of(batch, 2);
    auto* u = static_cast<float*>(call.workspace);
    float* dc = u + 2 * largest.count() * transform_.signal_pairs();
    float* dh = dc + 2 * largest.count() * transform_.signal_pairs();
    float* dense = dh + 2 * largest.channels * transform_.filter_pairs();
    for_each_group(batch, shape_.channels, largest, [&](const Group& group) {
      load_signals(c, group, k, v, u);
      load_signals(c, group, q, dy, dc);
      differentiate(c, group, u, dc, of_channel(filter, group), dh, group.first_item > 0);
      if (gradients.dq) {
        store_signals(c, group, Way::kConvolution, u, {dy, {}, gradients.dq, {}});
      }
      store_signals(c, group, Way::kCorrelation, dc, {k, v, gradients.dv, gradients.dk});
      if (group.first_item + group.items < batch) return;
      store_filter(c, group.channels, dh, dense + group.first_channel * lags_.count());
    });
    if (batch == 0) zero_fill(dense, dense_bytes(), call.stream);
    fold_gradients(shape_, lags_, dense, gradients.dh, gradients.dbias, call.stream);
  }

 private:
  static std::size_t bytes(std::int64_t pairs) { return static_cast<std::size_t>(pairs) * 8; }
  std::size_t dense_bytes() const {
    return static_cast<std::size_t>(shape_.channels * lags_.count()) * sizeof(float);
  }
  const float* of_channel(const void* filter, const Group& group) const {
    return static_cast<const float*>(filter) + 2 * group.first_channel * transform_.filter_pairs();
  }
  /// For `spectra` spectra of each sequence. In the backward pass blocks take the items in turn:
  /// there all multiprocessors should find two blocks among the channels.
  Group group_of(std::int64_t batch, std::int64_t spectra) const {
    const std::int64_t blocks = transform_.blocks();
    const std::int64_t busy =
        spectra == 1 ? 1 : (2 * device_.multiprocessors + blocks - 1) / blocks;
    return largest_group(device_, batch, shape_.channels, 8 * spectra * transform_.signal_pairs(),
                         busy);
  }

  Shape shape_;
  Device device_;
  Transform transform_;
  Lags lags_;
};

}  // namespace hyena::kernels::cuda
