// The passes of a transform whose vectors hold channels: in place, decimation in frequency forward,
// in time back, without reordering. Depth first, so that a block stays in the nearest cache from
// its first forward pass to its last inverse one. Compiled once for each instruction set.

#if defined(HYENA_KERNELS_CPU_TRANSFORM_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HYENA_KERNELS_CPU_TRANSFORM_INL_H_
#undef HYENA_KERNELS_CPU_TRANSFORM_INL_H_
#else
#define HYENA_KERNELS_CPU_TRANSFORM_INL_H_
#endif

#include <algorithm>
#include <cstdint>

#include "kernels/cpu/butterfly-inl.h"
#include "kernels/cpu/plan.h"
#include "kernels/executor.h"

HWY_BEFORE_NAMESPACE();
namespace hyena::kernels::cpu {
namespace HWY_NAMESPACE {

template <class T>
using Tag = hn::ScalableTag<T>;
template <class T>
using Vector = hn::Vec<Tag<T>>;

/// Channels that travel together.
template <class T>
HWY_INLINE std::int64_t Lanes() {
  return static_cast<std::int64_t>(hn::Lanes(Tag<T>()));
}

/// A point of a work array: a vector of real parts, then one of imaginary parts.
template <class T>
HWY_INLINE Cx<Vector<T>> LoadPoint(const T* HWY_RESTRICT p) {
  const Tag<T> d;
  return {hn::Load(d, p), hn::Load(d, p + Lanes<T>())};
}
template <class T>
HWY_INLINE void StorePoint(Cx<Vector<T>> x, T* HWY_RESTRICT p) {
  const Tag<T> d;
  hn::Store(x.re, d, p);
  hn::Store(x.im, d, p + Lanes<T>());
}

/// Walks the stored positions of one child block, in elements: one point on at each step and over
/// the padding where there is some.
template <class T>
class Walk {
 public:
  Walk(const Plan<T>& plan, std::int64_t points)
      : step_(2 * Lanes<T>()),
        points_(points),
        segment_(plan.segment > 0 && plan.segment < points ? plan.segment : points),
        page_(plan.page > 0 && plan.page < points ? plan.page : points) {}

  /// f(position, offset) for position = 0 … points − 1.
  template <class F>
  HWY_INLINE void Run(F&& f) const {
    Run(0, Pages(), f);
  }
  /// The same for some pages of them.
  std::int64_t Pages() const { return points_ / page_; }
  std::int64_t PageSize() const { return page_; }
  template <class F>
  HWY_INLINE void Run(std::int64_t first, std::int64_t last, F&& f) const {
    const std::int64_t segments = segment_ < points_ ? page_ / segment_ : 0;
    std::int64_t offset = first * step_ * (page_ + segments + (page_ < points_ ? 1 : 0));
    for (std::int64_t page = first * page_; page < last * page_; page += page_) {
      for (std::int64_t segment = page; segment < page + page_; segment += segment_) {
        for (std::int64_t m = segment; m < segment + segment_; ++m) {
          f(m, offset);
          offset += step_;
        }
        offset += segment_ < points_ ? step_ : 0;
      }
      offset += page_ < points_ ? step_ : 0;
    }
  }

 private:
  std::int64_t step_, points_, segment_, page_;
};

/// One pass between others, over the block at `block`.
template <int R, bool kInverse, class T>
HWY_NOINLINE void MiddlePass(const Plan<T>& plan, const Level& level, T* HWY_RESTRICT block) {
  const Tag<T> d;
  const std::int64_t stride = level.stride * 2 * Lanes<T>();
  const T* HWY_RESTRICT twiddle = plan.table.data() + level.first_entry;
  Walk<T>(plan, level.size / R).Run([&](std::int64_t, std::int64_t offset) HYENA_INLINE_LAMBDA {
    T* HWY_RESTRICT p = block + offset;
    Cx<Vector<T>> x[R];
    Each<R>([&](auto j) HYENA_INLINE_LAMBDA {
      constexpr int J = decltype(j)::value;
      x[J] = LoadPoint(p + J * stride);
      if constexpr (kInverse && J > 0) {
        x[J] = Times<true>(x[J], hn::Set(d, twiddle[2 * J - 2]), hn::Set(d, twiddle[2 * J - 1]));
      }
    });
    Dft<R, kInverse>::Run(d, x);
    Each<R>([&](auto j) HYENA_INLINE_LAMBDA {
      constexpr int J = decltype(j)::value;
      if constexpr (!kInverse && J > 0) {
        x[J] = Times<false>(x[J], hn::Set(d, twiddle[2 * J - 2]), hn::Set(d, twiddle[2 * J - 1]));
      }
      StorePoint(x[J], p + J * stride);
    });
    twiddle += 2 * (R - 1);
  });
}

/// The innermost pass over `count` neighbouring blocks of R points, `stride` elements apart:
/// forward, then leaf(block, k, x) for point k of block `block`, then back where the leaf says so.
template <int R, class T, class Leaf>
HWY_NOINLINE void LeafPass(T* HWY_RESTRICT block, std::int64_t count, std::int64_t stride,
                           Leaf& leaf) {
  const Tag<T> d;
  const std::int64_t step = 2 * Lanes<T>();
  for (std::int64_t c = 0; c < count; ++c, block += stride) {
    Cx<Vector<T>> x[R];
    if constexpr (Leaf::kForward) {
      Each<R>([&](auto k) HYENA_INLINE_LAMBDA {
        constexpr int K = decltype(k)::value;
        x[K] = LoadPoint(block + K * step);
      });
      Dft<R, false>::Run(d, x);
    }
    Each<R>([&](auto k) HYENA_INLINE_LAMBDA {
      constexpr int K = decltype(k)::value;
      leaf.Point(K * step, x[K]);
    });
    leaf.Advance(R * step);
    if constexpr (Leaf::kInverse) {
      Dft<R, true>::Run(d, x);
      Each<R>([&](auto k) HYENA_INLINE_LAMBDA {
        constexpr int K = decltype(k)::value;
        StorePoint(x[K], block + K * step);
      });
    }
  }
}

#define HYENA_FOR_RADIX(radix, CALL) \
  switch (radix) {                   \
    case 2:                          \
      CALL(2);                       \
      break;                         \
    case 3:                          \
      CALL(3);                       \
      break;                         \
    case 4:                          \
      CALL(4);                       \
      break;                         \
    case 5:                          \
      CALL(5);                       \
      break;                         \
    case 7:                          \
      CALL(7);                       \
      break;                         \
    case 8:                          \
      CALL(8);                       \
      break;                         \
    case 10:                         \
      CALL(10);                      \
      break;                         \
    case 11:                         \
      CALL(11);                      \
      break;                         \
    case 14:                         \
      CALL(14);                      \
      break;                         \
    default:                         \
      CALL(16);                      \
      break;                         \
  }

template <bool kInverse, class T>
HWY_INLINE void Middle(const Plan<T>& plan, const Level& level, T* HWY_RESTRICT block) {
#define HYENA_CALL(R) MiddlePass<R, kInverse>(plan, level, block)
  HYENA_FOR_RADIX(level.radix, HYENA_CALL)
#undef HYENA_CALL
}

/// Levels `l` and deeper of the transform of `count` neighbouring blocks, `stride` elements apart.
template <class T, class Leaf>
void Blocks(const Plan<T>& plan, std::size_t l, T* HWY_RESTRICT block, std::int64_t count,
            std::int64_t stride, Leaf& leaf) {
  const Level& level = plan.levels[l];
  if (l + 1 == plan.levels.size()) {
#define HYENA_CALL(R) LeafPass<R>(block, count, stride, leaf)
    HYENA_FOR_RADIX(level.radix, HYENA_CALL)
#undef HYENA_CALL
    return;
  }
  const std::int64_t inner = level.stride * 2 * Lanes<T>();
  for (std::int64_t c = 0; c < count; ++c, block += stride) {
    if constexpr (Leaf::kForward) Middle<false>(plan, level, block);
    Blocks(plan, l + 1, block, level.radix, inner, leaf);
    if constexpr (Leaf::kInverse) Middle<true>(plan, level, block);
  }
}

/// All levels under the outermost; the blocks of a long transform spread over a team, if there is
/// one.
template <class T, class Leaf>
void Inner(const Plan<T>& plan, T* HWY_RESTRICT work, Leaf& leaf, const Executor* team = nullptr) {
  const Level& top = plan.levels[0];
  const std::int64_t stride = top.stride * 2 * Lanes<T>();
  if (team == nullptr) return Blocks(plan, 1, work, top.radix, stride, leaf);
  const std::int64_t points = top.size / top.radix * 2 * Lanes<T>();
  team->run(top.radix, [&](std::int64_t begin, std::int64_t end) HWY_ATTR {
    Leaf mine = leaf;
    mine.Advance(begin * points);
    Blocks(plan, 1, work + begin * stride, end - begin, stride, mine);
  });
}

/// The work arrays of neighbouring groups of channels, `stride` elements apart. The outermost
/// passes take a row of all of them at once: memory likes 256 bytes in a row better than 64.
template <class T>
struct Works {
  T* data;
  std::int64_t groups = 1, stride = 0;
  const Executor* team = nullptr;
};

/// Outermost pass of the right-angle ring. `source.Twisted(row, channel, c, s)` gives sample `row`
/// times c + i s; rows r·M … of the signal meet in one butterfly.
template <int R, class T, class Source>
HWY_NOINLINE void FirstPass(const Plan<T>& plan, const Source& source, const Works<T>& works,
                            std::int64_t first_page, std::int64_t last_page) {
  const Tag<T> d;
  const Level& level = plan.levels[0];
  const std::int64_t child = level.size / R, stride = level.stride * 2 * Lanes<T>();
  const Walk<T> walk(plan, child);
  const T* HWY_RESTRICT twiddle = plan.table.data() + first_page * walk.PageSize() * 2 * R;
  const T* HWY_RESTRICT edge = plan.edge.data();
  walk.Run(first_page, last_page, [&](std::int64_t m, std::int64_t offset) HYENA_INLINE_LAMBDA {
    T* HWY_RESTRICT p = works.data + offset;
    for (std::int64_t g = 0; g < works.groups; ++g, p += works.stride) {
      Cx<Vector<T>> x[R];
      Each<R>([&](auto r) HYENA_INLINE_LAMBDA {
        constexpr int J = decltype(r)::value;
        x[J] = source.Twisted(m + J * child, g * Lanes<T>(), hn::Set(d, edge[2 * J]),
                              hn::Set(d, edge[2 * J + 1]));
      });
      Dft<R, false>::Run(d, x);
      Each<R>([&](auto j) HYENA_INLINE_LAMBDA {
        constexpr int J = decltype(j)::value;
        x[J] = Times<false>(x[J], hn::Set(d, twiddle[2 * J]), hn::Set(d, twiddle[2 * J + 1]));
        StorePoint(x[J], p + J * stride);
      });
    }
    twiddle += 2 * R;
  });
}

/// The way back: `sink.Put(row, channel, x, c, s)` receives x whose product with c − i s is the
/// sample.
template <int R, class T, class Sink>
HWY_NOINLINE void LastPass(const Plan<T>& plan, const Works<T>& works, const Sink& sink,
                           std::int64_t first_page, std::int64_t last_page) {
  const Tag<T> d;
  const Level& level = plan.levels[0];
  const std::int64_t child = level.size / R, stride = level.stride * 2 * Lanes<T>();
  const Walk<T> walk(plan, child);
  const T* HWY_RESTRICT twiddle = plan.table.data() + first_page * walk.PageSize() * 2 * R;
  const T* HWY_RESTRICT edge = plan.edge.data();
  walk.Run(first_page, last_page, [&](std::int64_t m, std::int64_t offset) HYENA_INLINE_LAMBDA {
    const T* HWY_RESTRICT p = works.data + offset;
    for (std::int64_t g = 0; g < works.groups; ++g, p += works.stride) {
      Cx<Vector<T>> x[R];
      Each<R>([&](auto j) HYENA_INLINE_LAMBDA {
        constexpr int J = decltype(j)::value;
        x[J] = Times<true>(LoadPoint(p + J * stride), hn::Set(d, twiddle[2 * J]),
                           hn::Set(d, twiddle[2 * J + 1]));
      });
      Dft<R, true>::Run(d, x);
      Each<R>([&](auto r) HYENA_INLINE_LAMBDA {
        constexpr int J = decltype(r)::value;
        sink.Put(m + J * child, g * Lanes<T>(), x[J], hn::Set(d, edge[2 * J]),
                 hn::Set(d, edge[2 * J + 1]));
      });
    }
    twiddle += 2 * R;
  });
}

/// An outermost pass, pass(first page, last page), spread over the team, if there is one.
template <class T, class F>
HWY_INLINE void OverPages(const Plan<T>& plan, const Executor* team, F&& pass) {
  const std::int64_t pages = Walk<T>(plan, plan.levels[0].size / plan.levels[0].radix).Pages();
  if (team == nullptr) return pass(0, pages);
  team->run(pages, pass);
}

template <class T, class Source>
HWY_INLINE void First(const Plan<T>& plan, const Source& source, const Works<T>& works) {
  OverPages(plan, works.team, [&](std::int64_t begin, std::int64_t end) HWY_ATTR {
#define HYENA_CALL(R) FirstPass<R>(plan, source, works, begin, end)
    HYENA_FOR_RADIX(plan.levels[0].radix, HYENA_CALL)
#undef HYENA_CALL
  });
}
template <class T, class Sink>
HWY_INLINE void Last(const Plan<T>& plan, const Works<T>& works, const Sink& sink) {
  OverPages(plan, works.team, [&](std::int64_t begin, std::int64_t end) HWY_ATTR {
#define HYENA_CALL(R) LastPass<R>(plan, works, sink, begin, end)
    HYENA_FOR_RADIX(plan.levels[0].radix, HYENA_CALL)
#undef HYENA_CALL
  });
}

}  // namespace HWY_NAMESPACE
}  // namespace hyena::kernels::cpu
HWY_AFTER_NAMESPACE();

#endif  // toggle
