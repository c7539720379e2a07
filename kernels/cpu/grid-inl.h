// Convolution over a grid: each row a transform on the right-angle ring (no padding, both signs of
// lags), then each column an ordinary transform of twice the height, whose lower half is zero.
// Compiled once for each instruction set.

#if defined(HYENA_KERNELS_CPU_GRID_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HYENA_KERNELS_CPU_GRID_INL_H_
#undef HYENA_KERNELS_CPU_GRID_INL_H_
#else
#define HYENA_KERNELS_CPU_GRID_INL_H_
#endif

#include "kernels/cpu/grid.h"
#include "kernels/cpu/group-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hyena::kernels::cpu {
namespace HWY_NAMESPACE {

/// Outermost pass down a column: points `row` of it lie at column + row · row_stride for row <
/// height, the others are zero.
template <int R, class T>
HWY_NOINLINE void ColumnFirstPass(const Plan<T>& plan, const T* HWY_RESTRICT column,
                                  std::int64_t row_stride, std::int64_t height,
                                  T* HWY_RESTRICT work) {
  const Tag<T> d;
  const Level& level = plan.levels[0];
  const std::int64_t child = level.size / R, stride = level.stride * 2 * Lanes<T>();
  const T* HWY_RESTRICT twiddle = plan.table.data();
  Walk<T>(plan, child).Run([&](std::int64_t m, std::int64_t offset) HYENA_INLINE_LAMBDA {
    T* HWY_RESTRICT p = work + offset;
    Cx<Vector<T>> x[R];
    Each<R>([&](auto r) HYENA_INLINE_LAMBDA {
      constexpr int J = decltype(r)::value;
      const std::int64_t row = m + J * child;
      x[J] = {hn::Zero(d), hn::Zero(d)};
      if (row < height) x[J] = LoadPoint(column + row * row_stride);
    });
    Dft<R, false>::Run(d, x);
    Each<R>([&](auto j) HYENA_INLINE_LAMBDA {
      constexpr int J = decltype(j)::value;
      if constexpr (J > 0) {
        x[J] = Times<false>(x[J], hn::Set(d, twiddle[2 * J - 2]), hn::Set(d, twiddle[2 * J - 1]));
      }
      StorePoint(x[J], p + J * stride);
    });
    twiddle += 2 * (R - 1);
  });
}

/// The way back: only rows < height are written.
template <int R, class T>
HWY_NOINLINE void ColumnLastPass(const Plan<T>& plan, const T* HWY_RESTRICT work,
                                 std::int64_t row_stride, std::int64_t height,
                                 T* HWY_RESTRICT column) {
  const Tag<T> d;
  const Level& level = plan.levels[0];
  const std::int64_t child = level.size / R, stride = level.stride * 2 * Lanes<T>();
  const T* HWY_RESTRICT twiddle = plan.table.data();
  Walk<T>(plan, child).Run([&](std::int64_t m, std::int64_t offset) HYENA_INLINE_LAMBDA {
    const T* HWY_RESTRICT p = work + offset;
    Cx<Vector<T>> x[R];
    Each<R>([&](auto j) HYENA_INLINE_LAMBDA {
      constexpr int J = decltype(j)::value;
      x[J] = LoadPoint(p + J * stride);
      if constexpr (J > 0) {
        x[J] = Times<true>(x[J], hn::Set(d, twiddle[2 * J - 2]), hn::Set(d, twiddle[2 * J - 1]));
      }
    });
    Dft<R, true>::Run(d, x);
    Each<R>([&](auto r) HYENA_INLINE_LAMBDA {
      constexpr int J = decltype(r)::value;
      const std::int64_t row = m + J * child;
      if (row < height) StorePoint(x[J], column + row * row_stride);
    });
    twiddle += 2 * (R - 1);
  });
}

template <class T>
HWY_INLINE void ColumnFirst(const Plan<T>& plan, const T* column, std::int64_t row_stride,
                            std::int64_t height, T* work) {
#define HYENA_CALL(R) ColumnFirstPass<R>(plan, column, row_stride, height, work)
  HYENA_FOR_RADIX(plan.levels[0].radix, HYENA_CALL)
#undef HYENA_CALL
}
template <class T>
HWY_INLINE void ColumnLast(const Plan<T>& plan, const T* work, std::int64_t row_stride,
                           std::int64_t height, T* column) {
#define HYENA_CALL(R) ColumnLastPass<R>(plan, work, row_stride, height, column)
  HYENA_FOR_RADIX(plan.levels[0].radix, HYENA_CALL)
#undef HYENA_CALL
}

/// The parts of the work array: one row or column under way, a spectrum of a column that is kept,
/// and two images of all rows.
template <class T>
struct GridWork {
  GridWork(const GridPlan<T>& plan, T* memory)
      : row_points(2 * Lanes<T>() * plan.row->size),
        column_points(2 * Lanes<T>() * plan.column->size),
        line(memory),
        kept(line + LineSize(plan)),
        rows(kept + column_points),
        other(rows + plan.height * row_points) {}
  static std::int64_t LineSize(const GridPlan<T>& plan) {
    return 2 * Lanes<T>() * std::max(plan.row->stored, plan.column->stored);
  }

  std::int64_t row_points, column_points;
  T* line;
  T* kept;
  T* rows;
  T* other;
};

template <class T>
std::int64_t GridWorkSize(const GridPlan<T>& plan) {
  // Filters fill all rows of a column, signals `height` of them, twice in the backward pass.
  const std::int64_t rows = std::max(plan.column->size, 2 * plan.height);
  return GridWork<T>::LineSize(plan) + 2 * Lanes<T>() * (plan.column->size + rows * plan.row->size);
}

template <class T>
HWY_INLINE ConstGroup<T> From(ConstGroup<T> g, std::int64_t row) {
  return {g.data == nullptr ? nullptr : g.row(row), g.stride};
}
template <class T>
HWY_INLINE Group<T> From(Group<T> g, std::int64_t row) {
  return {g.data == nullptr ? nullptr : g.row(row), g.stride};
}

/// Row spectra of a ⊙ b, or of b.
template <class T>
void RowsForward(const GridPlan<T>& plan, ConstGroup<T> a, ConstGroup<T> b, const GridWork<T>& work,
                 T* rows) {
  for (std::int64_t i = 0; i < plan.height; ++i) {
    const std::int64_t first = i * plan.row->size;
    FirstOf(*plan.row, From(a, first), From(b, first), work.line);
    AnalyseLeaf<T> leaf;
    leaf.out = rows + i * work.row_points;
    leaf.scale = 1;
    Inner(*plan.row, work.line, leaf);
  }
}

template <class T>
HWY_INLINE void RowBack(const Plan<T>& plan, const T* spectrum, T* line) {
  SynthesiseLeaf<T> leaf;
  leaf.in = spectrum;
  Inner(plan, line, leaf);
}

template <class T>
void AnalyseGrid(const GridPlan<T>& plan, ConstGroup<T> re, ConstGroup<T> im, T* memory,
                 T* spectrum) {
  const GridWork<T> work(plan, memory);
  for (std::int64_t i = 0; i < plan.column->size; ++i) {
    const std::int64_t first = i * plan.row->size;
    First(*plan.row, ComplexSource<T>{From(re, first), From(im, first)}, work.line);
    AnalyseLeaf<T> leaf;
    leaf.out = work.rows + i * work.row_points;
    leaf.scale = static_cast<T>(1.0 / static_cast<double>(plan.points()));
    Inner(*plan.row, work.line, leaf);
  }
  for (std::int64_t j = 0; j < plan.row->size; ++j) {
    ColumnFirst(*plan.column, work.rows + j * 2 * Lanes<T>(), work.row_points, plan.column->size,
                work.line);
    AnalyseLeaf<T> leaf;
    leaf.out = spectrum + j * work.column_points;
    leaf.scale = 1;
    Inner(*plan.column, work.line, leaf);
  }
}

template <class T>
void SynthesiseGrid(const GridPlan<T>& plan, Sum<T> spectrum, T* memory, Group<T> re, Group<T> im) {
  const GridWork<T> work(plan, memory);
  for (std::int64_t j = 0; j < plan.row->size; ++j) {
    SumLeaf<T> leaf;
    leaf.in = spectrum;
    leaf.in.data += j * work.column_points;
    Inner(*plan.column, work.line, leaf);
    ColumnLast(*plan.column, work.line, work.row_points, plan.column->size,
               work.rows + j * 2 * Lanes<T>());
  }
  const T scale = static_cast<T>(1.0 / static_cast<double>(plan.points()));
  for (std::int64_t i = 0; i < plan.column->size; ++i) {
    const std::int64_t first = i * plan.row->size;
    RowBack(*plan.row, work.rows + i * work.row_points, work.line);
    Last(*plan.row, work.line, ComplexSink<T>{From(re, first), From(im, first), scale});
  }
}

template <class T>
void ConvolveGrid(const GridPlan<T>& plan, const T* spectrum, ConstGroup<T> q, ConstGroup<T> k,
                  ConstGroup<T> v, Group<T> y, T* memory) {
  const GridWork<T> work(plan, memory);
  RowsForward(plan, k, v, work, work.rows);
  for (std::int64_t j = 0; j < plan.row->size; ++j) {
    T* column = work.rows + j * 2 * Lanes<T>();
    ColumnFirst(*plan.column, column, work.row_points, plan.height, work.line);
    ConvolveLeaf<T> leaf;
    leaf.h = spectrum + j * work.column_points;
    Inner(*plan.column, work.line, leaf);
    ColumnLast(*plan.column, work.line, work.row_points, plan.height, column);
  }
  for (std::int64_t i = 0; i < plan.height; ++i) {
    const std::int64_t first = i * plan.row->size;
    RowBack(*plan.row, work.rows + i * work.row_points, work.line);
    if (q.data == nullptr) {
      Last(*plan.row, work.line, OneSink<T>{From(y, first)});
    } else {
      Last(*plan.row, work.line, GateSink<T>{From(q, first), From(y, first)});
    }
  }
}

template <class T>
void BackwardGrid(const GridPlan<T>& plan, const T* spectrum, const BackwardRows<T>& rows,
                  T* gradient, T* memory) {
  const GridWork<T> work(plan, memory);
  RowsForward(plan, rows.k, rows.v, work, work.rows);
  RowsForward(plan, rows.q, rows.dy, work, work.other);
  for (std::int64_t j = 0; j < plan.row->size; ++j) {
    T* u = work.rows + j * 2 * Lanes<T>();
    T* dc = work.other + j * 2 * Lanes<T>();
    ColumnFirst(*plan.column, u, work.row_points, plan.height, work.line);
    KeepLeaf<T> keep;
    keep.h = spectrum + j * work.column_points;
    keep.kept = work.kept;
    Inner(*plan.column, work.line, keep);
    ColumnLast(*plan.column, work.line, work.row_points, plan.height, u);

    ColumnFirst(*plan.column, dc, work.row_points, plan.height, work.line);
    InnerBackward(*plan.column, work.line, spectrum + j * work.column_points, work.kept,
                  gradient + j * work.column_points, rows.first);
    ColumnLast(*plan.column, work.line, work.row_points, plan.height, dc);
  }
  for (std::int64_t i = 0; i < plan.height; ++i) {
    const std::int64_t first = i * plan.row->size;
    if (rows.dq.data != nullptr) {
      RowBack(*plan.row, work.rows + i * work.row_points, work.line);
      if (rows.q.data != nullptr) {
        Last(*plan.row, work.line, GateSink<T>{From(rows.dy, first), From(rows.dq, first)});
      } else {
        Last(*plan.row, work.line, OneSink<T>{From(rows.dq, first)});
      }
    }
    RowBack(*plan.row, work.other + i * work.row_points, work.line);
    if (rows.k.data == nullptr) {
      Last(*plan.row, work.line, OneSink<T>{From(rows.dv, first)});
    } else {
      Last(*plan.row, work.line,
           FactorsSink<T>{From(rows.k, first), From(rows.v, first), From(rows.dk, first),
                          From(rows.dv, first)});
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace hyena::kernels::cpu
HWY_AFTER_NAMESPACE();

#endif  // toggle
