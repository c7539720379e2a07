#include <algorithm>
#include <string>

#include "kernels/cuda/filter_steps.cuh"

namespace hyena::kernels::cuda {
namespace filter {
namespace {

/// Of each position Σ_c |g| and Σ_c dh · g / Σ_c |g|. One warp a position.
struct PositionSums {
  static constexpr int kThreads = 128, kMinBlocks = 1;
  struct Args {
    Window window;
    const float* a;
    const float* dh;
    std::int64_t channel, tap;
    float* sums;  ///< (K, 2)
    int positions, channels;
  };
  static HYENA_DEVICE void run(const Args& x) {
    const int p = block_index() * (kThreads / 32) + warp_index();
    if (p >= x.positions) return;
    float norm = 0, mean = 0;
    for (int c = lane_index(); c < x.channels; c += 32) {
      const float g = load(x.a + static_cast<std::int64_t>(p) * x.channels + c) * x.window.at(p, c);
      norm += g < 0 ? -g : g;
      mean = fma(load(x.dh + p * x.tap + c * x.channel), g, mean);
    }
    for (int mask = 16; mask > 0; mask /= 2) {
      norm += shuffle_xor(norm, mask);
      mean += shuffle_xor(mean, mask);
    }
    if (lane_index() == 0) {
      store(x.sums + 2 * p, norm);
      store(x.sums + 2 * p + 1, mean / norm);
    }
  }
};

constexpr int kColumns = 32, kColumnThreads = 256, kGroups = kColumnThreads / kColumns;

/// Adds what the groups of a block have for each column, in order, and writes it.
HYENA_DEVICE void sum_groups(float mine, float* shared, float* to, int columns) {
  const int lane = lane_index(), group = warp_index();
  store(shared + group * kColumns + lane, mine);
  barrier();
  const int column = block_index() * kColumns + lane;
  if (group == 0 && column < columns) {
    float sum = 0;
    for (int g = 0; g < kGroups; ++g) sum += load(shared + g * kColumns + lane);
    store(to + static_cast<std::int64_t>(block_row()) * columns + column, sum);
  }
}

/// a becomes the gradient of a; sums of the gradients of shift and delta over a slice.
struct WindowBackward {
  static constexpr int kThreads = kColumnThreads, kMinBlocks = 1;
  struct Args {
    Window window;
    float* a;
    const float* dh;
    std::int64_t channel, tap;
    const float* sums;  ///< of PositionSums, or null
    float* of_shift;    ///< (slices, C)
    float* of_delta;
    int positions, channels;
  };
  static HYENA_DEVICE void run(const Args& x) {
    const int c = block_index() * kColumns + lane_index();
    const int end = min_of((block_row() + 1) * kSlice, x.positions);
    float of_shift = 0, of_delta = 0;
    for (int p = block_row() * kSlice + warp_index(); p < end && c < x.channels; p += kGroups) {
      float* const at = x.a + static_cast<std::int64_t>(p) * x.channels + c;
      const float a = load(at), decay = x.window.decay(p, c), window = x.window.factor(decay, c);
      float dg = load(x.dh + p * x.tap + c * x.channel);
      if (x.sums != nullptr) {
        const float g = a * window, norm = load(x.sums + 2 * p), mean = load(x.sums + 2 * p + 1);
        dg = (dg - (g > 0 ? mean : g < 0 ? -mean : 0.0F)) / norm;
      }
      store(at, dg * window);
      of_shift = fma(dg, a, of_shift);
      if (x.window.t != nullptr) {
        of_delta = fma(dg * a, -decay * load(x.window.t + p), of_delta);
      }
    }
    if (x.window.t != nullptr && c < x.channels) {
      const float delta = load(x.window.delta + c);
      of_delta = delta > 0 ? of_delta : delta < 0 ? -of_delta : 0.0F;
    }
    float* const shared = shared_memory<float>();
    sum_groups(of_shift, shared, x.of_shift, x.channels);
    sum_groups(of_delta, shared + kColumnThreads, x.of_delta, x.channels);
  }
  static HYENA_DEVICE int min_of(int i, int j) { return i < j ? i : j; }
};

/// Sums of a matrix's columns over slices of its rows.
struct ColumnSums {
  static constexpr int kThreads = kColumnThreads, kMinBlocks = 1;
  struct Args {
    const float* from;
    float* to;  ///< (slices, columns)
    int rows, columns;
  };
  static HYENA_DEVICE void run(const Args& a) {
    const int column = block_index() * kColumns + lane_index();
    const int end = WindowBackward::min_of((block_row() + 1) * kSlice, a.rows);
    float sum = 0;
    for (int i = block_row() * kSlice + warp_index(); i < end && column < a.columns; i += kGroups) {
      sum += load(a.from + static_cast<std::int64_t>(i) * a.columns + column);
    }
    sum_groups(sum, shared_memory<float>(), a.to, a.columns);
  }
};

/// Slices in order, on top of what earlier blocks of positions gave.
struct SumSlices {
  static constexpr int kThreads = 128, kMinBlocks = 1;
  struct Args {
    const float* from;
    float* to;
    std::int64_t count;
    int slices;
    bool add;
  };
  static HYENA_DEVICE void run(const Args& a) {
    const std::int64_t n = static_cast<std::int64_t>(block_index()) * kThreads + thread_index();
    if (n >= a.count) return;
    float sum = a.add ? load(a.to + n) : 0.0F;
    for (int s = 0; s < a.slices; ++s) sum += load(a.from + s * a.count + n);
    store(a.to + n, sum);
  }
};

int parts(std::int64_t n, std::int64_t of) {
  return static_cast<int>((n + of - 1) / of);
}

/// Where everything of one block of positions is.
struct Memory {
  /// Without a workspace only `bytes` means something.
  Memory(const FilterShape& s, std::size_t layers, void* workspace)
      : workspace_(static_cast<char*>(workspace)) {
    const std::int64_t block = block_of(s);
    u = take(block * s.width * static_cast<std::int64_t>(layers));
    x = take(block * s.width * static_cast<std::int64_t>(layers));
    a = take(block * s.channels);
    sums = take(2 * block);
    du = take(block * s.width);
    other_du = take(block * s.width);
    phase_times_u = take(block * s.width);
    const std::int64_t largest =
        std::max({s.channels * s.width, s.width * s.width, s.width * s.features, 2 * s.channels});
    partial = take(parts(block, kSlice) * largest);
  }
  float* take(std::int64_t count) {
    char* const here = workspace_ != nullptr ? workspace_ + bytes : nullptr;
    bytes += aligned(count);
    return reinterpret_cast<float*>(here);
  }
  char* workspace_;
  std::size_t bytes = 0;
  float *u, *x, *a, *sums, *du, *other_du, *phase_times_u, *partial;
};

/// The backward pass of one block of positions.
struct Backward {
  const Block& block;
  const Memory& memory;
  const FilterGradients& gradients;
  Stream stream;

  int slices() const { return parts(block.count, kSlice); }
  bool add() const { return block.first > 0; }
  int width() const { return static_cast<int>(block.shape.width); }
  float* u(std::size_t layer) const { return memory.u + of_layer(layer); }
  float* x(std::size_t layer) const { return memory.x + of_layer(layer); }
  std::int64_t of_layer(std::size_t layer) const {
    return static_cast<std::int64_t>(layer) * block_of(block.shape) * block.shape.width;
  }
  Matrix before(std::size_t layer) const {
    return layer == 0 ? block.features() : block.hidden(x(layer - 1));
  }

  void sum_slices(const float* from, void* to, std::int64_t count) const {
    if (to == nullptr) return;
    launch<SumSlices>({from, floats(to), count, slices(), add()}, parts(count, SumSlices::kThreads),
                      1, 0, stream);
  }
  /// Σ_p left(p, i) · right(p, j).
  void outer(const Matrix& left, const Matrix& right, void* to) const {
    if (to == nullptr) return;
    const std::int64_t count = static_cast<std::int64_t>(left.columns) * right.columns;
    product(left.transposed(), right.transposed(), slices(), kSlice,
            Keep{memory.partial, right.columns, 1, count}, stream);
    sum_slices(memory.partial, to, count);
  }
  void columns(const float* from, void* to) const {
    if (to == nullptr) return;
    launch<ColumnSums>({from, memory.partial, block.count, width()}, parts(width(), kColumns),
                       slices(), kColumnThreads * sizeof(float), stream);
    sum_slices(memory.partial, to, width());
  }

  void window(const ConstTaps& dh) const {
    const auto channels = static_cast<int>(block.shape.channels);
    const float* const taps = floats(dh.data) + block.first * dh.tap;
    const bool normalized = block.shape.normalized;
    if (normalized) {
      launch<PositionSums>(
          {block.window(), memory.a, taps, dh.channel, dh.tap, memory.sums, block.count, channels},
          parts(block.count, PositionSums::kThreads / 32), 1, 0, stream);
    }
    float* const of_delta = memory.partial + slices() * block.shape.channels;
    launch<WindowBackward>(
        {block.window(), memory.a, taps, dh.channel, dh.tap, normalized ? memory.sums : nullptr,
         memory.partial, of_delta, block.count, channels},
        parts(channels, kColumns), slices(), 2 * kColumnThreads * sizeof(float), stream);
    sum_slices(memory.partial, gradients.shift, channels);
    sum_slices(of_delta, gradients.delta, channels);
  }

  void run(const ConstTaps& dh) const {
    const std::size_t layers = block.parameters.layers.size();
    for (std::size_t i = 0; i < layers; ++i) {
      block.sine_layer(i, before(i), u(i), x(i), stream);
    }
    const auto channels = static_cast<int>(block.shape.channels);
    product(before(layers), block.weight(), Keep{memory.a, channels, 1, 0}, stream);
    window(dh);
    Matrix upstream{memory.a, channels, 1, block.count, channels};
    outer(upstream, before(layers), gradients.weight);
    if (gradients.layers.empty() && gradients.z.data == nullptr) return;
    Matrix weight = block.weight();
    for (std::size_t i = layers; i-- > 0;) {
      float* const du = i % 2 == 0 ? memory.du : memory.other_du;
      product(upstream, weight.transposed(),
              SineBackward{floats(block.parameters.layers[i].freq), u(i), du, memory.phase_times_u,
                           width()},
              stream);
      upstream = block.hidden(du);
      weight = block.layer_weight(i);
      if (gradients.layers.empty()) continue;
      outer(upstream, before(i), gradients.layers[i].weight);
      columns(du, gradients.layers[i].bias);
      columns(memory.phase_times_u, gradients.layers[i].freq);
    }
    const auto& z = gradients.z;
    if (z.data == nullptr) return;
    product(upstream, weight.transposed(),
            Keep{floats(z.data) + block.first * z.position, z.position, z.feature, 0}, stream);
  }
};

}  // namespace
}  // namespace filter

std::size_t filter_backward_workspace(const FilterShape& s, std::size_t layers) {
  return filter::Memory(s, layers, nullptr).bytes;
}

void filter_backward(const FilterShape& shape, const FilterParameters& parameters, ConstTaps dh,
                     const FilterGradients& gradients, void* workspace, Stream stream) {
  filter::check("filter_backward", shape, parameters);
  const auto refuse = [](const std::string& why) {
    throw ArgumentError("filter_backward: " + why);
  };
  if (!dh || dh.rows != shape.channels || dh.count != shape.positions) {
    refuse("dh must be " + std::to_string(shape.channels) + " rows of " +
           std::to_string(shape.positions) + " taps");
  }
  if (!gradients.layers.empty() && gradients.layers.size() != parameters.layers.size()) {
    refuse("gradients of " + std::to_string(gradients.layers.size()) + " layers, there are " +
           std::to_string(parameters.layers.size()));
  }
  if (gradients.delta != nullptr && parameters.delta == nullptr) {
    refuse("the gradient of delta is wanted, there is no delta");
  }
  if (gradients.shift != nullptr && parameters.shift == nullptr) {
    refuse("the gradient of shift is wanted, there is no shift");
  }
  const filter::Memory memory(shape, parameters.layers.size(), workspace);
  for (std::int64_t first = 0; first < shape.positions; first += filter::kPositions) {
    const auto count = static_cast<int>(std::min(shape.positions - first, filter::kPositions));
    const filter::Block block{shape, parameters, first, count};
    filter::Backward{block, memory, gradients, stream}.run(dh);
  }
}

}  // namespace hyena::kernels::cuda
