#include "backbone/decode/short_filter.h"

#include <ATen/ATen.h>

#include "backbone/decode/packed.h"

namespace hyena::backbone {

template <class T>
ShortFilterWeights<T>::ShortFilterWeights(const at::Tensor& weight, const at::Tensor& bias_)
    : channels(weight.size(0)),
      count(weight.size(2)),
      of_lag(weight.detach().squeeze(1).flip(1).t().contiguous()),
      offset(bias_.defined() ? bias_.detach() : at::zeros({channels}, of_lag.options())) {
  taps = values_of<T>(of_lag);
  bias = values_of<T>(offset);
}

template <class T>
ShortFilterState<T>::ShortFilterState(const ShortFilterWeights<T>& weights, std::int64_t batch)
    : memory_(static_cast<std::size_t>(batch * weights.count * weights.channels)) {}

template <class T>
at::Tensor ShortFilterState<T>::prefill(const ShortFilterWeights<T>& weights, const at::Tensor& x,
                                        std::span<const std::int64_t> lengths) {
  const std::int64_t positions = x.size(1), count = weights.count, channels = weights.channels;
  auto y = x * weights.of_lag[0] + weights.offset;
  for (std::int64_t j = 1; j < std::min(count, positions); ++j) {
    y.slice(1, j).addcmul_(x.slice(1, 0, positions - j), weights.of_lag[j]);
  }
  std::fill(memory_.begin(), memory_.end(), T{0});
  const auto rows = x.contiguous();
  const T* from = rows.template const_data_ptr<T>();
  for (std::size_t b = 0; b < lengths.size(); ++b) {
    T* const own = memory_.data() + static_cast<std::int64_t>(b) * count * channels;
    for (std::int64_t j = 0; j < std::min(count, lengths[b]); ++j) {
      const std::int64_t row = static_cast<std::int64_t>(b) * positions + lengths[b] - 1 - j;
      std::copy_n(from + row * channels, channels, own + (count - 1 - j) * channels);
    }
  }
  return y;
}

template <class T>
void ShortFilterState<T>::step(const ShortFilterWeights<T>& weights, const T* x, T* y) {
  const std::int64_t count = weights.count, channels = weights.channels;
  const auto batch = static_cast<std::int64_t>(memory_.size()) / (count * channels);
  for (std::int64_t b = 0; b < batch; ++b) {
    T* const own = memory_.data() + b * count * channels;
    T* const newest = own + (count - 1) * channels;
    std::copy(own + channels, own + count * channels, own);
    std::copy_n(x + b * channels, channels, newest);
    kernels::sum_taps(weights.taps.data(), newest, count, channels, weights.bias.data(),
                      y + b * channels);
  }
}

template struct ShortFilterWeights<float>;
template struct ShortFilterWeights<double>;
template class ShortFilterState<float>;
template class ShortFilterState<double>;

}  // namespace hyena::backbone
