#include <algorithm>

#include "kernels/cuda/fused_fft.h"
#include "kernels/cuda/fused_fft_plans.cuh"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/methods.h"
#include "kernels/cuda/taps.h"

namespace hyena::kernels::cuda {
namespace fused_fft {
namespace {

/// One padded length.
struct Length {
  int n, forward_bytes, backward_bytes;
  int rows;    ///< in a block
  int blocks;  ///< that a multiprocessor holds in the backward pass
  std::size_t table_bytes;
  void (*fill_table)(float*);
  void (*forward)(const ForwardArgs&, Stream);
  void (*backward)(const BackwardArgs&, Stream);
  void (*transform_filter)(const FilterArgs&, Stream);
  void (*transform_gradients)(const FilterArgs&, Stream);
};

template <int N>
constexpr Length length() {
  using L = Lengths<N>;
  using Table = RingTable<typename L::Plan>;
  return {N,
          kForwardBytes<N>,
          kBackwardBytes<N>,
          L::kRows,
          L::kBackwardBlocks,
          16 * Table::kFloat4s,
          &Table::fill,
          &Kernels<N>::forward,
          &Kernels<N>::backward,
          &Kernels<N>::transform_filter,
          &Kernels<N>::transform_gradients};
}

const Length kLengths[] = {length<256>(),  length<512>(),  length<1024>(), length<2048>(),
                           length<4096>(), length<8192>(), length<16384>()};

constexpr std::int64_t kMostRows = 1 << 30;

template <class Sequences>
Rows rows(const Sequences& s) {
  return {s.data, s.batch, s.channel};
}

class FusedFft : public Method {
 public:
  FusedFft(const Shape& shape, const Device& device, const Length& length)
      : shape_(shape), device_(device), length_(length), lags_(lags_of(shape)) {}

  std::string name() const override { return "fused_fft"; }

  std::size_t table_bytes() const override { return length_.table_bytes; }
  void fill_table(void* host_memory) const override {
    std::fill_n(static_cast<float*>(host_memory), length_.table_bytes / sizeof(float), 0.0F);
    length_.fill_table(static_cast<float*>(host_memory));
  }

  std::size_t filter_bytes() const override { return channels() * spectrum_bytes(); }
  std::size_t prepare_workspace() const override { return dense_bytes(); }
  void prepare(const Call& call, const ConstGridTaps& h, const float* bias,
               void* filter) const override {
    auto* dense = static_cast<float*>(call.workspace);
    gather_taps(shape_, lags_, h, bias, dense, call.stream);
    length_.transform_filter(
        {call.table, dense, filter, shape_.causal(), size(), 1, int_channels()}, call.stream);
  }

  std::size_t forward_workspace(std::int64_t) const override { return 0; }
  void forward(const Call& call, std::int64_t batch, const void* filter, ConstSequences q,
               ConstSequences k, ConstSequences v, Sequences y) const override {
    length_.forward(
        {call.table, filter, rows(q), rows(k), rows(v), rows(y),
         storage({rows(q), rows(k), rows(v), rows(y)}), size(), checked(batch), int_channels()},
        call.stream);
  }

  std::size_t backward_workspace(std::int64_t batch) const override {
    const std::int64_t blocks = (shape_.channels + length_.rows - 1) / length_.rows;
    return dense_bytes() +
           static_cast<std::size_t>(blocks * length_.rows * groups(batch)) * spectrum_bytes();
  }
  void backward(const Call& call, std::int64_t batch, const void* filter, ConstSequences q,
                ConstSequences k, ConstSequences v, ConstSequences dy,
                const Gradients& gradients) const override {
    auto* dense = static_cast<float*>(call.workspace);
    void* sums = static_cast<unsigned char*>(call.workspace) + dense_bytes();
    const Rows dq = rows(gradients.dq), dk = rows(gradients.dk), dv = rows(gradients.dv);
    // Without an item nothing would be written there.
    if (batch == 0) zero_fill(sums, backward_workspace(batch) - dense_bytes(), call.stream);
    length_.backward({call.table, filter, rows(q), rows(k), rows(v), rows(dy), dq, dk, dv,
                      storage({rows(q), rows(k), rows(v), rows(dy), dq, dk, dv}), size(),
                      groups(batch), checked(batch), int_channels(), sums},
                     call.stream);
    length_.transform_gradients(
        {call.table, dense, sums, shape_.causal(), size(), groups(batch), int_channels()},
        call.stream);
    fold_gradients(shape_, lags_, dense, gradients.dh, gradients.dbias, call.stream);
  }

 private:
  /// Rows are counted in 32 bits.
  int checked(std::int64_t batch) const {
    if (batch * shape_.channels > kMostRows) {
      throw ArgumentError("long convolution on the GPU: batch times channels must be at most " +
                          std::to_string(kMostRows) + ", got " +
                          std::to_string(batch * shape_.channels) + "; split the batch");
    }
    return static_cast<int>(batch);
  }
  int int_channels() const { return static_cast<int>(shape_.channels); }
  int size() const { return static_cast<int>(shape_.length()); }
  std::size_t channels() const { return static_cast<std::size_t>(shape_.channels); }
  std::size_t spectrum_bytes() const { return 8 * static_cast<std::size_t>(length_.n); }
  std::size_t dense_bytes() const {
    const std::size_t bytes = channels() * static_cast<std::size_t>(lags_.count()) * sizeof(float);
    return (bytes + 255) / 256 * 256;
  }

  /// Blocks for two rounds of the device, but as few as that takes: each row has its own sums.
  int groups(std::int64_t batch) const {
    const std::int64_t wanted = 2 * device_.multiprocessors * length_.blocks;
    const std::int64_t blocks = (shape_.channels + length_.rows - 1) / length_.rows;
    const std::int64_t most = std::clamp(batch, std::int64_t{1}, std::int64_t{65535});
    return static_cast<int>(std::clamp((wanted + blocks - 1) / blocks, std::int64_t{1}, most));
  }

  Storage storage(std::initializer_list<Rows> signals) const {
    const std::size_t element = shape_.type == Type::kFloat32 ? 4 : 2;
    bool pairs = size() % 2 == 0;
    for (const Rows& s : signals) {
      pairs = pairs && s.batch % 2 == 0 && s.channel % 2 == 0 &&
              reinterpret_cast<std::uintptr_t>(s.data) % (2 * element) == 0;
    }
    return {shape_.type == Type::kFloat32    ? Element::kFloat
            : shape_.type == Type::kBFloat16 ? Element::kBf16
                                             : Element::kHalf,
            pairs};
  }

  Shape shape_;
  Device device_;
  const Length& length_;
  Lags lags_;
};

}  // namespace
}  // namespace fused_fft

std::unique_ptr<Method> make_fused_fft(const Shape& shape, const Device& device) {
  if (!shape.sequence() || shape.channels > fused_fft::kMostRows) return nullptr;
  for (const fused_fft::Length& length : fused_fft::kLengths) {
    if (length.n < shape.length()) continue;
    const bool fits =
        std::max(length.forward_bytes, length.backward_bytes) <= device.shared_per_block;
    return fits ? std::make_unique<fused_fft::FusedFft>(shape, device, length) : nullptr;
  }
  return nullptr;
}

}  // namespace hyena::kernels::cuda
