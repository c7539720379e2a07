#pragma once

#include <algorithm>
#include <cstdint>

#include "kernels/cpu/plan.h"
#include "kernels/cpu/rows.h"
#include "kernels/executor.h"

/// Groups of channels, each as wide as a vector register: what the instruction-set specific part of
/// the CPU kernels works on.
namespace hyena::kernels::cpu {

/// Rows of consecutive positions; the channels of a group, and of the groups behind it, lie next to
/// each other in a row.
template <class T>
struct ConstGroup {
  const T* data = nullptr;
  std::int64_t stride = 0;  ///< from row to row, elements
  const T* row(std::int64_t t) const { return data + t * stride; }
};
template <class T>
struct Group {
  T* data = nullptr;
  std::int64_t stride = 0;
  T* row(std::int64_t t) const { return data + t * stride; }
};

/// Positions of a signal: a line is one row.
struct Extent {
  std::int64_t rows, row;
};

template <class T>
struct BackwardRows {
  ConstGroup<T> q, k, v, dy;  ///< q and k may be absent
  Group<T> dq;                ///< where wanted: dy times the convolution, without q that alone
  Group<T> dk, dv;            ///< dk only with k
  bool first = true;          ///< of its sum: the gradient is written, not added to
};

/// Spectra that are summed when they are read: `count` of them, each `stride` elements behind the
/// one before.
template <class T>
struct Sum {
  const T* data = nullptr;
  std::int64_t count = 1, stride = 0;

  /// Elements [begin, end) of the sum.
  void add_up(std::int64_t begin, std::int64_t end, T* out) const {
    std::copy(data + begin, data + end, out + begin);
    for (std::int64_t s = 1; s < count; ++s) {
      for (std::int64_t i = begin; i < end; ++i) out[i] += data[s * stride + i];
    }
  }
};

/// Scratch, and who may help with a transform: nobody, or the threads of a call that has no other
/// work for them.
template <class T>
struct Workspace {
  Workspace(T* d, const Executor* t = nullptr)
      : data(d), team(t) {}  // NOLINT: scratch alone will do
  T* data;
  const Executor* team;
};

/// Spreads `pieces` of work over the executor's threads: work(begin, end, team). Where there are
/// fewer pieces than threads, of long lines, they come one by one and the threads are a team that
/// shares the passes of each.
template <class F>
void spread(std::int64_t pieces, std::int64_t length, const Executor& executor, F&& work) {
  constexpr std::int64_t kLong = std::int64_t{1} << 15;
  if (pieces < executor.threads() && length >= kLong) return work(0, pieces, &executor);
  executor.run(pieces, [&](std::int64_t begin, std::int64_t end) { work(begin, end, nullptr); });
}

/// The functions of the best instruction set of this machine. All rows number plan.size; spectra
/// and `gradient` hold 2 · lanes · plan.size elements for each group, group after group; those and
/// `work` are aligned to 64 bytes.
template <class T>
struct GroupKernels {
  std::int64_t lanes;
  const char* instruction_set;

  /// Elements of `work` for so many groups at once; analyse and synthesise need those of one.
  std::int64_t (*work_size)(const Plan<T>& plan, std::int64_t groups, bool backward);

  /// spectrum = F(re + i im) / n; `im` may be absent.
  void (*analyse)(const Plan<T>& plan, ConstGroup<T> re, ConstGroup<T> im, Workspace<T> work,
                  T* spectrum);
  /// re + i im = F⁻¹(spectrum), `im` may be absent.
  void (*synthesise)(const Plan<T>& plan, Sum<T> spectrum, Workspace<T> work, Group<T> re,
                     Group<T> im);
  /// y = q ⊙ Re F⁻¹(H · F(k ⊙ v)), for `groups` groups whose channels are neighbours.
  void (*convolve)(const Plan<T>& plan, const T* spectrum, std::int64_t groups, ConstGroup<T> q,
                   ConstGroup<T> k, ConstGroup<T> v, Group<T> y, Workspace<T> work);
  /// dq, dk, dv, and gradient (+)= F(q ⊙ dy) · conj F(k ⊙ v).
  void (*backward)(const Plan<T>& plan, const T* spectrum, std::int64_t groups,
                   const BackwardRows<T>& rows, T* gradient, Workspace<T> work);

  /// tile = a ⊙ b, or b where there is no a; tile [rows][lanes].
  void (*pack)(const RowsJob<T>& job, T* tile);
  /// y = a ⊙ tile, or tile.
  void (*unpack)(const RowsJob<T>& job, const T* tile);
};

template <class T>
const GroupKernels<T>& group_kernels();

}  // namespace hyena::kernels::cpu
