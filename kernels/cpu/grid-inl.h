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

/// The parts of the work array: one row under way for each group of channels, one column, a
/// spectrum of a column that is kept, and one or two images of all rows for each group.
template <class T>
struct GridWork {
  GridWork(const GridPlan<T>& plan, std::int64_t groups, T* memory)
      : row_points(2 * Lanes<T>() * plan.row->size),
        column_points(2 * Lanes<T>() * plan.column->size),
        image(2 * Lanes<T>() + plan.height * row_points),
        lines{memory, groups, WorkStride(*plan.row), nullptr},
        column(memory + groups * lines.stride),
        kept(column + WorkStride(*plan.column)),
        rows(kept + column_points),
        other(rows + groups * image) {}

  std::int64_t row_points, column_points, image;
  Works<T> lines;
  T* column;
  T* kept;
  T* rows;
  T* other;
};

template <class T>
HWY_INLINE DirectShape DirectGrid(const GridPlan<T>& plan) {
  return {plan.height, plan.width, false};
}
template <class T>
std::int64_t GridWorkSize(const GridPlan<T>& plan, std::int64_t groups, bool backward) {
  if (plan.direct()) return DirectWork<T>::Size(DirectGrid(plan));
  const std::int64_t row = 2 * Lanes<T>() * plan.row->size;
  const std::int64_t column = 2 * Lanes<T>() * plan.column->size;
  const std::int64_t images = (backward ? 2 : 1) * groups * (2 * Lanes<T>() + plan.height * row);
  // Filters fill all rows of a column.
  return groups * WorkStride(*plan.row) + WorkStride(*plan.column) + column +
         std::max(images, plan.column->size * row);
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
    FirstOf(*plan.row, From(a, first), From(b, first), work.lines);
    for (std::int64_t g = 0; g < work.lines.groups; ++g) {
      AnalyseLeaf<T> leaf;
      leaf.out = rows + g * work.image + i * work.row_points;
      leaf.scale = 1;
      Inner(*plan.row, work.lines.data + g * work.lines.stride, leaf);
    }
  }
}

template <class T>
HWY_INLINE void RowBack(const Plan<T>& plan, const T* spectrum, T* line) {
  SynthesiseLeaf<T> leaf;
  leaf.in = spectrum;
  Inner(plan, line, leaf);
}
/// Row i of all groups up to their last pass.
template <class T>
HWY_INLINE void RowsBack(const GridPlan<T>& plan, const GridWork<T>& work, const T* rows,
                         std::int64_t i) {
  for (std::int64_t g = 0; g < work.lines.groups; ++g) {
    RowBack(*plan.row, rows + g * work.image + i * work.row_points,
            work.lines.data + g * work.lines.stride);
  }
}

template <class T>
void AnalyseGrid(const GridPlan<T>& plan, ConstGroup<T> re, ConstGroup<T> im, Workspace<T> space,
                 T* spectrum) {
  const GridWork<T> work(plan, 1, space.data);
  for (std::int64_t i = 0; i < plan.column->size; ++i) {
    const std::int64_t first = i * plan.row->size;
    First(*plan.row, ComplexSource<T>{From(re, first), From(im, first)}, work.lines);
    AnalyseLeaf<T> leaf;
    leaf.out = work.rows + i * work.row_points;
    leaf.scale = static_cast<T>(1.0 / static_cast<double>(plan.points()));
    Inner(*plan.row, work.lines.data, leaf);
  }
  for (std::int64_t j = 0; j < plan.row->size; ++j) {
    ColumnFirst(*plan.column, work.rows + j * 2 * Lanes<T>(), work.row_points, plan.column->size,
                work.column);
    AnalyseLeaf<T> leaf;
    leaf.out = spectrum + j * work.column_points;
    leaf.scale = 1;
    Inner(*plan.column, work.column, leaf);
  }
}

template <class T>
void SynthesiseGrid(const GridPlan<T>& plan, Sum<T> spectrum, Workspace<T> space, Group<T> re,
                    Group<T> im) {
  const GridWork<T> work(plan, 1, space.data);
  for (std::int64_t j = 0; j < plan.row->size; ++j) {
    SumLeaf<T> leaf;
    leaf.in = spectrum;
    leaf.in.data += j * work.column_points;
    Inner(*plan.column, work.column, leaf);
    ColumnLast(*plan.column, work.column, work.row_points, plan.column->size,
               work.rows + j * 2 * Lanes<T>());
  }
  const T scale = static_cast<T>(1.0 / static_cast<double>(plan.points()));
  for (std::int64_t i = 0; i < plan.column->size; ++i) {
    const std::int64_t first = i * plan.row->size;
    RowBack(*plan.row, work.rows + i * work.row_points, work.lines.data);
    Last(*plan.row, work.lines, ComplexSink<T>{From(re, first), From(im, first), scale});
  }
}

template <class T>
void ConvolveGrid(const GridPlan<T>& plan, const T* spectrum, std::int64_t groups, ConstGroup<T> q,
                  ConstGroup<T> k, ConstGroup<T> v, Group<T> y, Workspace<T> space) {
  if (plan.direct()) {
    return DirectConvolve(DirectGrid(plan), spectrum, groups, q, k, v, y, space.data);
  }
  const GridWork<T> work(plan, groups, space.data);
  RowsForward(plan, k, v, work, work.rows);
  for (std::int64_t g = 0; g < groups; ++g) {
    for (std::int64_t j = 0; j < plan.row->size; ++j, spectrum += work.column_points) {
      T* column = work.rows + g * work.image + j * 2 * Lanes<T>();
      ColumnFirst(*plan.column, column, work.row_points, plan.height, work.column);
      ConvolveLeaf<T> leaf;
      leaf.h = spectrum;
      Inner(*plan.column, work.column, leaf);
      ColumnLast(*plan.column, work.column, work.row_points, plan.height, column);
    }
  }
  for (std::int64_t i = 0; i < plan.height; ++i) {
    const std::int64_t first = i * plan.row->size;
    RowsBack(plan, work, work.rows, i);
    LastGated(*plan.row, work.lines, From(q, first), From(y, first));
  }
}

template <class T>
void BackwardGrid(const GridPlan<T>& plan, const T* spectrum, std::int64_t groups,
                  const BackwardRows<T>& rows, T* gradient, Workspace<T> space) {
  if (plan.direct()) {
    return DirectBackward(DirectGrid(plan), spectrum, groups, rows, gradient, space.data);
  }
  const GridWork<T> work(plan, groups, space.data);
  RowsForward(plan, rows.k, rows.v, work, work.rows);
  RowsForward(plan, rows.q, rows.dy, work, work.other);
  for (std::int64_t g = 0; g < groups; ++g) {
    for (std::int64_t j = 0; j < plan.row->size; ++j) {
      T* u = work.rows + g * work.image + j * 2 * Lanes<T>();
      T* dc = work.other + g * work.image + j * 2 * Lanes<T>();
      ColumnFirst(*plan.column, u, work.row_points, plan.height, work.column);
      KeepLeaf<T> keep;
      keep.h = spectrum;
      keep.kept = work.kept;
      Inner(*plan.column, work.column, keep);
      ColumnLast(*plan.column, work.column, work.row_points, plan.height, u);

      ColumnFirst(*plan.column, dc, work.row_points, plan.height, work.column);
      InnerBackward(*plan.column, work.column, spectrum, work.kept, gradient, rows.first);
      ColumnLast(*plan.column, work.column, work.row_points, plan.height, dc);
      spectrum += work.column_points;
      gradient += work.column_points;
    }
  }
  for (std::int64_t i = 0; i < plan.height; ++i) {
    const std::int64_t first = i * plan.row->size;
    if (rows.dq.data != nullptr) {
      RowsBack(plan, work, work.rows, i);
      LastGated(*plan.row, work.lines,
                rows.q.data != nullptr ? From(rows.dy, first) : ConstGroup<T>{},
                From(rows.dq, first));
    }
    RowsBack(plan, work, work.other, i);
    LastFactors(*plan.row, work.lines, From(rows.k, first), From(rows.v, first),
                From(rows.dk, first), From(rows.dv, first));
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace hyena::kernels::cpu
HWY_AFTER_NAMESPACE();

#endif  // toggle
