#pragma once

#include "kernels/cuda/device.h"

/// Products of small matrices, with what follows for each element of the result.
namespace hyena::kernels::cuda::filter {

/// Element (i, k) lies i · row + k · column behind `data`.
struct Matrix {
  const float* data;
  std::int64_t row, column;
  int rows, columns;

  Matrix transposed() const { return {data, column, row, columns, rows}; }
  HYENA_DEVICE float at(int i, int k) const {
    return i < rows && k < columns ? load(data + i * row + k * column) : 0.0F;
  }
};

/// result(i, j) = Σ_k left(i, k) · right(j, k), handed to After. A block has 64 x 64 of them and a
/// thread 4 x 4; rows of blocks are slices of k.
template <class After>
struct Product {
  static constexpr int kThreads = 256, kMinBlocks = 2;
  static constexpr int kTile = 64, kDepth = 16, kPitch = kTile + 4;
  static constexpr std::size_t kShared = 2 * kDepth * kPitch * sizeof(float);
  struct Args {
    Matrix left, right;
    int depth_each;  ///< of a slice: a multiple of kDepth, or all
    After after;
  };

  static HYENA_DEVICE void fill(const Matrix& matrix, int first, int k, float* to) {
    // Neighbouring threads read neighbours in memory.
    const bool along = matrix.column == 1;
    HYENA_UNROLL
    for (int e = 0; e < kTile * kDepth / kThreads; ++e) {
      const int n = e * kThreads + thread_index();
      const int depth = along ? n % kDepth : n / kTile, i = along ? n / kDepth : n % kTile;
      store(to + depth * kPitch + i, matrix.at(first + i, k + depth));
    }
  }

  static HYENA_DEVICE void run(const Args& a) {
    float* left = shared_memory<float>();
    float* right = left + kDepth * kPitch;
    const int across = (a.right.rows + kTile - 1) / kTile;
    const int first_i = block_index() / across * kTile, first_j = block_index() % across * kTile;
    const int my_i = thread_index() / 16 * 4, my_j = thread_index() % 16 * 4;
    const int begin = block_row() * a.depth_each;
    const int end = begin + a.depth_each < a.left.columns ? begin + a.depth_each : a.left.columns;
    float sum[4][4] = {};
    for (int k = begin; k < end; k += kDepth) {
      fill(a.left, first_i, k, left);
      fill(a.right, first_j, k, right);
      barrier();
      HYENA_UNROLL
      for (int depth = 0; depth < kDepth; ++depth) {
        const auto l = load(reinterpret_cast<const Pack<float, 4>*>(left + depth * kPitch + my_i));
        const auto r = load(reinterpret_cast<const Pack<float, 4>*>(right + depth * kPitch + my_j));
        HYENA_UNROLL
        for (int i = 0; i < 4; ++i) {
          HYENA_UNROLL
          for (int j = 0; j < 4; ++j) sum[i][j] = fma(l.item[i], r.item[j], sum[i][j]);
        }
      }
      barrier();
    }
    HYENA_UNROLL
    for (int i = 0; i < 4; ++i) {
      HYENA_UNROLL
      for (int j = 0; j < 4; ++j) {
        const int row = first_i + my_i + i, column = first_j + my_j + j;
        if (row < a.left.rows && column < a.right.rows) a.after(row, column, sum[i][j]);
      }
    }
  }
};

/// to[i, j], a matrix for each slice.
struct Keep {
  float* to;
  std::int64_t row, column, slice;
  HYENA_DEVICE void operator()(int i, int j, float x) const {
    store(to + block_row() * slice + i * row + j * column, x);
  }
};

/// u = x + bias and sin(freq · u), both (K, width).
struct Sine {
  const float* bias;
  const float* freq;
  float* u;  ///< may be null
  float* x;
  int width;
  HYENA_DEVICE void operator()(int i, int j, float product) const {
    const float sum = product + load(bias + j);
    const std::int64_t at = static_cast<std::int64_t>(i) * width + j;
    if (u != nullptr) store(u + at, sum);
    store(x + at, sine(load(freq + j) * sum));
  }
};

/// From the gradient of a sine: of u, and u times that of the phase, for freq's.
struct SineBackward {
  const float* freq;
  const float* u;
  float* du;
  float* phase_times_u;
  int width;
  HYENA_DEVICE void operator()(int i, int j, float dx) const {
    const std::int64_t at = static_cast<std::int64_t>(i) * width + j;
    const float f = load(freq + j), value = load(u + at);
    const float phase = dx * cosine(f * value);
    store(du + at, phase * f);
    store(phase_times_u + at, phase * value);
  }
};

/// The window of a channel at a position, of which t may be absent, and shift.
struct Window {
  const float* t;
  const float* delta;
  const float* shift;
  HYENA_DEVICE float decay(int p, int c) const {
    if (t == nullptr) return 1.0F;
    const float d = load(delta + c);
    return exponential(-load(t + p) * (d < 0 ? -d : d));
  }
  HYENA_DEVICE float factor(float decayed, int c) const {
    return shift != nullptr ? decayed + load(shift + c) : decayed;
  }
  HYENA_DEVICE float at(int p, int c) const { return factor(decay(p, c), c); }
};

/// Taps h(c, p), before they are normalised.
struct Windowed {
  Window window;
  float* h;
  std::int64_t channel, tap;
  HYENA_DEVICE void operator()(int p, int c, float a) const {
    store(h + p * tap + c * channel, a * window.at(p, c));
  }
};

}  // namespace hyena::kernels::cuda::filter
