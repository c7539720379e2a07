#include <algorithm>
#include <utility>

#include "kernels/cuda/cufft_passes.h"
#include "kernels/cuda/cufft_plans.h"
#include "kernels/cuda/method.h"
#include "kernels/cuda/methods.h"
#include "kernels/cuda/taps.h"

namespace hyena::kernels::cuda {
namespace {

using cufft::kCallbackBytes;
using cufft::PaddedGrid;
using cufft::Pass;
using cufft::Plans;
using cufft::Transform;

// A buffer of one pass, in sizes of the L2 cache: far more, so that the starts of kernels do not
// count, and little of the device's memory (1 GiB where the cache has 50 MiB).
constexpr std::int64_t kPassCaches = 20;
constexpr std::int64_t kMostFloats = 1 << 30;  // of one padded grid

std::size_t aligned(std::int64_t bytes) {
  return static_cast<std::size_t>((bytes + 255) / 256 * 256);
}

/// The next product of 2, 3, 5 and 7. A row is even: its transform is then a complex one of half
/// the length.
std::int64_t next_product(std::int64_t n, bool even) {
  for (;; ++n) {
    if (even && n % 2 != 0) continue;
    std::int64_t rest = n;
    for (const std::int64_t prime : {2, 3, 5, 7}) {
      while (rest % prime == 0) rest /= prime;
    }
    if (rest == 1) return n;
  }
}

/// Lags that both a pair of positions and a tap have, first and how many.
std::pair<std::int64_t, std::int64_t> reach(std::int64_t size, std::int64_t taps,
                                            std::int64_t centre) {
  const std::int64_t back = std::min(size - 1, centre);
  return {-back, back + 1 + std::min(size - 1, taps - 1 - centre)};
}

Lags reached_lags(const Shape& s) {
  if (s.grid.circular) return lags_of(s);
  const auto [first_row, height] = reach(s.grid.height, s.taps_height, s.centre_row);
  const auto [first_column, width] = reach(s.grid.width, s.taps_width, s.centre_column);
  return {height, width, first_row, first_column, false};
}

/// What wraps around must not reach a position: size + the farthest lag. Circular: what is asked.
PaddedGrid padded_grid(const Shape& s, const Lags& lags) {
  const auto padded = [&](std::int64_t size, std::int64_t first, std::int64_t count, bool row) {
    if (s.grid.circular) return size;
    const std::int64_t wanted = size + std::max(-first, first + count - 1);
    return row && s.grid.height == 1 ? 1 : next_product(wanted, !row);
  };
  const std::int64_t height = padded(s.grid.height, lags.first_row, lags.height, true);
  const std::int64_t width = padded(s.grid.width, lags.first_column, lags.width, false);
  const auto small = [](std::int64_t n) { return static_cast<int>(n); };
  return {small(s.grid.height), small(s.grid.width),        small(height),
          small(width),         small(2 * (width / 2 + 1)), height * (width / 2 + 1)};
}

/// R2C, product, C2R, with the signals loaded and stored by kernels of their own or by callbacks.
/// Works through the rows (b, d) in passes of bounded memory.
class Cufft : public Method {
 public:
  Cufft(const Shape& shape, const Device& device, bool callbacks)
      : shape_(shape),
        callbacks_(callbacks),
        pass_bytes_(kPassCaches * static_cast<std::int64_t>(device.l2_bytes)),
        lags_(reached_lags(shape)),
        grid_(padded_grid(shape, lags_)),
        plans_(grid_, shape.type) {}

  std::string name() const override { return callbacks_ ? "cufft-callbacks" : "cufft"; }

  std::size_t filter_bytes() const override { return grids_bytes(shape_.channels); }
  std::size_t prepare_workspace() const override {
    return dense_bytes() + plans_.work_bytes(Transform::kForward, shape_.channels);
  }
  void prepare(const Call& call, const ConstGridTaps& h, const float* bias,
               void* filter) const override {
    auto* dense = static_cast<float*>(call.workspace);
    gather_taps(shape_, lags_, h, bias, dense, call.stream);
    cufft::pad_taps(grid_, lags_, shape_.channels, dense, filter, call.stream);
    plans_.run(Transform::kForward, shape_.channels, filter, bytes(call) + dense_bytes(),
               call.stream);
  }

  std::size_t forward_workspace(std::int64_t batch) const override {
    if (batch == 0) return 0;
    const std::int64_t rows = pass_rows(batch);
    const std::size_t work = callbacks_
                                 ? std::max(plans_.work_bytes(Transform::kLoad, rows),
                                            plans_.work_bytes(Transform::kMultiplyStore, rows))
                                 : std::max(plans_.work_bytes(Transform::kForward, rows),
                                            plans_.work_bytes(Transform::kInverse, rows));
    return buffer_bytes(rows) + work;
  }
  void forward(const Call& call, std::int64_t batch, const void* filter, ConstSequences q,
               ConstSequences k, ConstSequences v, Sequences y) const override {
    if (batch == 0) return;
    Pass pass = pass_of(batch, filter, bytes(call) + kCallbackBytes);
    std::copy_n(std::begin({k, v}), 2, pass.in);
    pass.out[0] = y;
    pass.gate[0] = q;
    void* work = bytes(call) + buffer_bytes(pass.rows);
    for (; pass.first_row < pass.all_rows; pass.first_row += pass.rows) {
      to_spectrum(pass, work, call.stream);
      if (callbacks_) {
        plans_.run(Transform::kMultiplyStore, pass.rows, pass.buffer, work, call.stream);
      } else {
        cufft::multiply_spectra(pass, call.stream);
        from_spectrum(pass, work, call.stream);
      }
    }
  }

  std::size_t backward_workspace(std::int64_t batch) const override {
    const std::int64_t rows = pass_rows(batch), channels = shape_.channels;
    std::size_t work = plans_.work_bytes(Transform::kInverse, channels);
    if (batch > 0) {
      for (const Transform t : {load_transform(), store_transform()}) {
        work = std::max(work, plans_.work_bytes(t, rows));
      }
    }
    return 2 * buffer_bytes(rows) + grids_bytes(channels) + dense_bytes() + work;
  }
  void backward(const Call& call, std::int64_t batch, const void* filter, ConstSequences q,
                ConstSequences k, ConstSequences v, ConstSequences dy,
                const Gradients& gradients) const override {
    const std::int64_t rows = pass_rows(batch), channels = shape_.channels;
    char* next = bytes(call);
    Pass u = pass_of(batch, filter, next + kCallbackBytes);
    Pass g = pass_of(batch, filter, (next += buffer_bytes(rows)) + kCallbackBytes);
    char* dh = next += buffer_bytes(rows);
    auto* dense = reinterpret_cast<float*>(next += grids_bytes(channels));
    char* work = next + dense_bytes();

    std::copy_n(std::begin({k, v}), 2, u.in);
    u.out[0] = gradients.dq;
    u.gate[0] = dy;
    std::copy_n(std::begin({q, dy}), 2, g.in);
    std::copy_n(std::begin({gradients.dk, gradients.dv}), 2, g.out);
    std::copy_n(std::begin({v, k}), 2, g.gate);
    const bool outputs = static_cast<bool>(gradients.dq);
    const bool taps = gradients.dh || gradients.dbias != nullptr;
    for (; u.first_row < u.all_rows; u.first_row += rows, g.first_row += rows) {
      to_spectrum(u, work, call.stream);
      to_spectrum(g, work, call.stream);
      cufft::backward_spectra(u, g, outputs, taps ? dh : nullptr, call.stream);
      if (outputs) from_spectrum(u, work, call.stream);
      from_spectrum(g, work, call.stream);
    }
    if (!taps) return;
    if (batch > 0) {
      plans_.run(Transform::kInverse, channels, dh, work, call.stream);
      cufft::take_lags(grid_, lags_, channels, dh, dense, call.stream);
    } else {
      cufft::clear(dense, dense_bytes(), call.stream);
    }
    fold_gradients(shape_, lags_, dense, gradients.dh, gradients.dbias, call.stream);
  }

 private:
  static char* bytes(const Call& call) { return static_cast<char*>(call.workspace); }
  std::size_t grids_bytes(std::int64_t count) const { return aligned(count * grid_.spectrum * 8); }
  std::size_t buffer_bytes(std::int64_t rows) const { return kCallbackBytes + grids_bytes(rows); }
  std::size_t dense_bytes() const { return aligned(shape_.channels * lags_.count() * 4); }

  /// Rows of one pass: passes are alike, so that one plan serves them all.
  std::int64_t pass_rows(std::int64_t batch) const {
    const std::int64_t all = std::max<std::int64_t>(1, batch * shape_.channels);
    const std::int64_t most = std::max<std::int64_t>(1, pass_bytes_ / (grid_.spectrum * 8));
    const std::int64_t passes = (all + most - 1) / most;
    return (all + passes - 1) / passes;
  }
  Pass pass_of(std::int64_t batch, const void* filter, void* buffer) const {
    Pass pass{};
    pass.type = shape_.type;
    pass.grid = grid_;
    pass.all_rows = batch * shape_.channels;
    pass.channels = shape_.channels;
    pass.rows = pass_rows(batch);
    pass.filter = filter;
    pass.buffer = buffer;
    return pass;
  }

  Transform load_transform() const { return callbacks_ ? Transform::kLoad : Transform::kForward; }
  Transform store_transform() const { return callbacks_ ? Transform::kStore : Transform::kInverse; }
  void to_spectrum(const Pass& pass, void* work, Stream stream) const {
    if (callbacks_) {
      cufft::write_callback_args(pass, stream);
    } else {
      cufft::load_signals(pass, stream);
    }
    plans_.run(load_transform(), pass.rows, pass.buffer, work, stream);
  }
  void from_spectrum(const Pass& pass, void* work, Stream stream) const {
    plans_.run(store_transform(), pass.rows, pass.buffer, work, stream);
    if (!callbacks_) cufft::store_results(pass, stream);
  }

  Shape shape_;
  bool callbacks_;
  std::int64_t pass_bytes_;
  Lags lags_;
  PaddedGrid grid_;
  Plans plans_;
};

std::unique_ptr<Method> make(const Shape& shape, const Device& device, bool callbacks) {
  if (shape.grid.height > kMostFloats || shape.grid.width > kMostFloats) return nullptr;
  const PaddedGrid grid = padded_grid(shape, reached_lags(shape));
  if (2 * grid.spectrum > kMostFloats) return nullptr;
  return std::make_unique<Cufft>(shape, device, callbacks);
}

}  // namespace

std::unique_ptr<Method> make_cufft(const Shape& shape, const Device& device) {
  return make(shape, device, false);
}

std::unique_ptr<Method> make_cufft_callbacks(const Shape& shape, const Device& device) {
  return Plans::have_callbacks() ? make(shape, device, true) : nullptr;
}

}  // namespace hyena::kernels::cuda
