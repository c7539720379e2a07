#include "kernels/cuda/elements.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/methods.h"
#include "kernels/cuda/taps.h"

namespace hyena::kernels::cuda {
namespace {

/// Geometry and taps that all three sums share. Taps are dense by lag (taps.h).
struct Sums {
  Lags lags;
  int height, width;
  std::int64_t channels;
  const float* dense;

  /// The dense tap of lag (i, j) of channel d, or null where no tap can be.
  HYENA_DEVICE const float* tap(std::int64_t d, int i, int j) const {
    std::int64_t row = i - lags.first_row, column = j - lags.first_column;
    if (lags.circular) {
      row = (row + lags.height) % lags.height;
      column = (column + lags.width) % lags.width;
    }
    if (row < 0 || row >= lags.height || column < 0 || column >= lags.width) return nullptr;
    return dense + (d * lags.height + row) * lags.width + column;
  }
};

template <class T>
struct Tensors {
  Signal<const T> q, k, v, dy;
  Signal<T> y, dq, dk, dv;

  HYENA_DEVICE static float value(const Signal<const T>& s, std::int64_t b, std::int64_t d, int t) {
    return s.data != nullptr ? to_float(load(s.row(b, d) + t)) : 1.0F;
  }
  HYENA_DEVICE float u(std::int64_t b, std::int64_t d, int t) const {
    return value(k, b, d, t) * value(v, b, d, t);
  }
  HYENA_DEVICE float dc(std::int64_t b, std::int64_t d, int t) const {
    return value(q, b, d, t) * value(dy, b, d, t);
  }
};

/// One thread an output: blocks over positions, rows of blocks over channels, batch inside.
template <class T, bool Backward>
struct Convolve {
  static constexpr int kThreads = 128, kMinBlocks = 1;
  struct Args {
    Sums sums;
    Tensors<T> tensors;
    std::int64_t batch;
  };

  static HYENA_DEVICE void run(const Args& a) {
    const int length = a.sums.height * a.sums.width;
    const int t = block_index() % ((length + kThreads - 1) / kThreads) * kThreads + thread_index();
    const std::int64_t item = block_index() / ((length + kThreads - 1) / kThreads);
    if (t >= length) return;
    const std::int64_t b = item / a.sums.channels, d = item % a.sums.channels;
    const int i = t / a.sums.width, j = t % a.sums.width;
    float c = 0, du = 0;
    for (int s = 0; s < length; ++s) {
      const int di = i - s / a.sums.width, dj = j - s % a.sums.width;
      if (const float* h = a.sums.tap(d, di, dj)) c = fma(load(h), a.tensors.u(b, d, s), c);
      if constexpr (Backward) {
        if (const float* h = a.sums.tap(d, -di, -dj)) du = fma(load(h), a.tensors.dc(b, d, s), du);
      }
    }
    const Tensors<T>& x = a.tensors;
    if constexpr (!Backward) {
      store(x.y.row(b, d) + t, from_float<T>(c * x.value(x.q, b, d, t)));
    } else {
      if (x.dq.data != nullptr) {
        store(x.dq.row(b, d) + t, from_float<T>(c * x.value(x.dy, b, d, t)));
      }
      if (x.dk.data != nullptr) {
        store(x.dk.row(b, d) + t, from_float<T>(du * x.value(x.v, b, d, t)));
      }
      store(x.dv.row(b, d) + t, from_float<T>(du * x.value(x.k, b, d, t)));
    }
  }
};

/// One thread a lag of a channel.
template <class T>
struct TapGradients {
  static constexpr int kThreads = 128, kMinBlocks = 1;
  struct Args {
    Sums sums;
    Tensors<T> tensors;
    std::int64_t batch;
    float* dense;
  };

  static HYENA_DEVICE void run(const Args& a) {
    const Lags& lags = a.sums.lags;
    const std::int64_t count = lags.height * lags.width;
    const std::int64_t n = static_cast<std::int64_t>(block_index()) * kThreads + thread_index();
    if (n >= count * a.sums.channels) return;
    const std::int64_t d = n / count;
    const int lag_row = static_cast<int>(n % count / lags.width + lags.first_row);
    const int lag = static_cast<int>(n % lags.width + lags.first_column);
    float sum = 0;
    for (std::int64_t b = 0; b < a.batch; ++b) {
      float of_item = 0;
      for (int t = 0; t < a.sums.height * a.sums.width; ++t) {
        int i = t / a.sums.width - lag_row, j = t % a.sums.width - lag;
        if (lags.circular) {
          i = (i + a.sums.height) % a.sums.height;
          j = (j + a.sums.width) % a.sums.width;
        }
        if (i < 0 || i >= a.sums.height || j < 0 || j >= a.sums.width) continue;
        of_item = fma(a.tensors.dc(b, d, t), a.tensors.u(b, d, i * a.sums.width + j), of_item);
      }
      sum += of_item;
    }
    store(a.dense + n, sum);
  }
};

class Direct : public Method {
 public:
  explicit Direct(const Shape& shape) : shape_(shape), lags_(lags_of(shape)) {}

  std::string name() const override { return "direct"; }
  std::size_t filter_bytes() const override {
    return static_cast<std::size_t>(shape_.channels * lags_.count()) * sizeof(float);
  }
  void prepare(const Call& call, const ConstGridTaps& h, const float* bias,
               void* filter) const override {
    gather_taps(shape_, lags_, h, bias, static_cast<float*>(filter), call.stream);
  }

  std::size_t forward_workspace(std::int64_t) const override { return 0; }
  void forward(const Call& call, std::int64_t batch, const void* filter, ConstSequences q,
               ConstSequences k, ConstSequences v, Sequences y) const override {
    with_type(shape_.type, [&](auto type) {
      using T = decltype(type);
      const Tensors<T> tensors{signal<T>(q), signal<T>(k), signal<T>(v), {},
                               signal<T>(y), {},           {},           {}};
      using Kernel = Convolve<T, false>;
      launch<Kernel>({sums(filter), tensors, batch}, blocks<Kernel>(batch), 1, 0, call.stream);
    });
  }

  std::size_t backward_workspace(std::int64_t) const override { return filter_bytes(); }
  void backward(const Call& call, std::int64_t batch, const void* filter, ConstSequences q,
                ConstSequences k, ConstSequences v, ConstSequences dy,
                const Gradients& gradients) const override {
    with_type(shape_.type, [&](auto type) {
      using T = decltype(type);
      const Tensors<T> tensors{signal<T>(q),
                               signal<T>(k),
                               signal<T>(v),
                               signal<T>(dy),
                               {},
                               signal<T>(gradients.dq),
                               signal<T>(gradients.dk),
                               signal<T>(gradients.dv)};
      using Kernel = Convolve<T, true>;
      launch<Kernel>({sums(filter), tensors, batch}, blocks<Kernel>(batch), 1, 0, call.stream);
      using Taps = TapGradients<T>;
      const std::int64_t lags = shape_.channels * lags_.count();
      launch<Taps>({sums(filter), tensors, batch, static_cast<float*>(call.workspace)},
                   (lags + Taps::kThreads - 1) / Taps::kThreads, 1, 0, call.stream);
    });
    fold_gradients(shape_, lags_, static_cast<float*>(call.workspace), gradients.dh,
                   gradients.dbias, call.stream);
  }

 private:
  Sums sums(const void* filter) const {
    return {lags_, static_cast<int>(shape_.grid.height), static_cast<int>(shape_.grid.width),
            shape_.channels, static_cast<const float*>(filter)};
  }
  template <class Kernel>
  std::int64_t blocks(std::int64_t batch) const {
    return batch * shape_.channels * ((shape_.length() + Kernel::kThreads - 1) / Kernel::kThreads);
  }

  Shape shape_;
  Lags lags_;
};

}  // namespace

std::unique_ptr<Method> make_direct(const Shape& shape, const Device&) {
  return shape.length() <= 1 << 20 ? std::make_unique<Direct>(shape) : nullptr;
}

}  // namespace hyena::kernels::cuda
