#pragma once

#include "kernels/cuda/four_step_plan.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/small_dft.cuh"

/// Rows of the four-step transform: a block holds 4096 numbers or one row in shared memory, padded
/// by one number in 17. Steps work in place, a thread writes where it has read: decimation in
/// frequency there, in time back. Between the two, where the last step's 16 numbers lie in a
/// thread's registers, the spectrum is used.
namespace hyena::kernels::cuda::four_step {

template <int N, int... Radices>
struct RowSteps;

/// The step that splits lines of N numbers into R lines of N/R.
template <int N, int R, int... Rest>
struct RowSteps<N, R, Rest...> {
  static constexpr int kStride = N / R;
  static constexpr int kTable = kStride * (R - 1);
  using Next = RowSteps<kStride, Rest...>;
  static constexpr int kLine = N, kRadix = R;
};
template <int N>
struct RowSteps<N> {};

/// f: what a step does to each of its groups, dealt out to the threads.
template <int Threads, int Groups, class F>
HYENA_DEVICE void deal(F&& f) {
  if constexpr (Groups == Threads) {
    f(thread_index());
  } else {
    HYENA_KEEP_LOOP
    for (int g = thread_index(); g < Groups; g += Threads) f(g);
  }
}

template <int Columns, int... Radices>
struct RowTransform {
  static constexpr int kThreads = Columns < 16384 ? 256 : 512;
  static constexpr int kColumns = Columns;
  static constexpr int kRows = Columns < 4096 ? 4096 / Columns : 1;
  static constexpr int kNumbers = kRows * Columns;
  static constexpr int kLanes = Columns / 16;  ///< groups of a row in the last step
  static constexpr std::size_t kShared = kNumbers / 16 * 17 * 2 * sizeof(float);

  const float2* table;  ///< Table::row

  HYENA_DEVICE static int padded(int i) { return i + i / 16; }

  /// All steps but the last. rows: the block's first, in global memory.
  HYENA_DEVICE void forward(const float2* rows, float2* shared) const {
    forward_step(RowSteps<Columns, Radices...>(), rows, shared, table);
  }
  HYENA_DEVICE void inverse(float2* rows, float2* shared) const {
    inverse_step(RowSteps<Columns, Radices...>(), rows, shared, table);
  }

  /// The last step forward and the first back, f(group, numbers) between; `enter` and `leave` say
  /// whether there are numbers before and after.
  template <class F>
  HYENA_DEVICE static void middle(float2* shared, bool enter, bool leave, F&& f) {
    deal<kThreads, kNumbers / 16>([&](int g) {
      float2 x[16];
      float2* line = shared + 17 * g;
      if (enter) {
        for_each<16>([&](auto i) { x[decltype(i)::value] = load(line + decltype(i)::value); });
        Dft<16>::run(x);
      }
      f(g, x);
      if (leave) {
        Dft<16>::run(x);  // of swapped numbers
        for_each<16>([&](auto i) { store(line + decltype(i)::value, x[decltype(i)::value]); });
      }
    });
  }
  /// Where number `i` of the last step's group g lies in a spectrum, from the block's first row.
  HYENA_DEVICE static int slot(int g, int i) {
    return g / kLanes * Columns + i * kLanes + g % kLanes;
  }

 private:
  template <int N, int R, int... Rest>
  HYENA_DEVICE static void forward_step(RowSteps<N, R, Rest...>, const float2* rows, float2* shared,
                                        const float2* table) {
    if constexpr (N > 16) {
      using Step = RowSteps<N, R, Rest...>;
      constexpr int s = Step::kStride;
      deal<kThreads, kNumbers / R>([&](int g) {
        const int offset = g % s, first = g / s * N + offset;
        float2* line = shared + padded(first);
        float2 x[R];
        for_each<R>([&](auto i) {
          constexpr int j = decltype(i)::value;
          x[j] = N == Columns ? load(rows + first + j * s) : load(line + j * padded(s));
        });
        Dft<R>::run(x);
        store(line, x[0]);
        for_each<R - 1>([&](auto i) {
          constexpr int k = decltype(i)::value + 1;
          const float2 w = load(table + (k - 1) * s + offset);
          store(line + k * padded(s), multiply(x[k], w));
        });
      });
      barrier();
      forward_step(typename Step::Next(), rows, shared, table + Step::kTable);
    }
  }

  /// On numbers with their parts swapped: then the constants are those of the way there.
  template <int N, int R, int... Rest>
  HYENA_DEVICE static void inverse_step(RowSteps<N, R, Rest...>, float2* rows, float2* shared,
                                        const float2* table) {
    if constexpr (N > 16) {
      using Step = RowSteps<N, R, Rest...>;
      constexpr int s = Step::kStride;
      inverse_step(typename Step::Next(), rows, shared, table + Step::kTable);
      barrier();
      deal<kThreads, kNumbers / R>([&](int g) {
        const int offset = g % s, first = g / s * N + offset;
        float2* line = shared + padded(first);
        float2 x[R];
        x[0] = load(line);
        for_each<R - 1>([&](auto i) {
          constexpr int k = decltype(i)::value + 1;
          const float2 w = load(table + (k - 1) * s + offset);
          x[k] = multiply(load(line + k * padded(s)), w);
        });
        Dft<R>::run(x);
        for_each<R>([&](auto i) {
          constexpr int j = decltype(i)::value;
          if constexpr (N == Columns) {
            store(rows + first + j * s, swapped(x[j]));
          } else {
            store(line + j * padded(s), x[j]);
          }
        });
      });
    }
  }
};

/// f(RowTransform of that length).
template <int Columns, int... Radices>
RowTransform<Columns, Radices...> transform_of(RowRadices<Columns, Radices...>) {
  return {};
}
template <class F>
void with_row(int columns, F&& f) {
  with_radices(columns, [&](auto radices) { f(transform_of(radices)); });
}

}  // namespace hyena::kernels::cuda::four_step
