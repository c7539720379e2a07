// A gated convolution of one group of channels (as many as a vector has lanes), by the right-angle
// transform: what enters the first pass, what leaves the last one, and what happens to the spectrum
// in between. Compiled once for each instruction set.

#if defined(HYENA_KERNELS_CPU_GROUP_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HYENA_KERNELS_CPU_GROUP_INL_H_
#undef HYENA_KERNELS_CPU_GROUP_INL_H_
#else
#define HYENA_KERNELS_CPU_GROUP_INL_H_
#endif

#include "kernels/cpu/direct-inl.h"
#include "kernels/cpu/group.h"
#include "kernels/cpu/transform-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hyena::kernels::cpu {
namespace HWY_NAMESPACE {

// ---- into the first pass

template <class T>
struct OneSource {
  ConstGroup<T> u;
  HWY_INLINE Cx<Vector<T>> Twisted(std::int64_t row, std::int64_t channel, Vector<T> c,
                                   Vector<T> s) const {
    const auto x = hn::LoadU(Tag<T>(), u.row(row) + channel);
    return {hn::Mul(x, c), hn::Mul(x, s)};
  }
};

template <class T>
struct ProductSource {
  ConstGroup<T> a, b;
  HWY_INLINE Cx<Vector<T>> Twisted(std::int64_t row, std::int64_t channel, Vector<T> c,
                                   Vector<T> s) const {
    const Tag<T> d;
    const auto x = hn::Mul(hn::LoadU(d, a.row(row) + channel), hn::LoadU(d, b.row(row) + channel));
    return {hn::Mul(x, c), hn::Mul(x, s)};
  }
};

/// Real parts in one array, imaginary parts in another.
template <class T>
struct ComplexSource {
  ConstGroup<T> re, im;
  HWY_INLINE Cx<Vector<T>> Twisted(std::int64_t row, std::int64_t channel, Vector<T> c,
                                   Vector<T> s) const {
    const Tag<T> d;
    return Times<false>(
        Cx<Vector<T>>{hn::LoadU(d, re.row(row) + channel), hn::LoadU(d, im.row(row) + channel)}, c,
        s);
  }
};

// ---- out of the last one

template <class T>
HWY_INLINE Vector<T> RealPart(Cx<Vector<T>> x, Vector<T> c, Vector<T> s) {
  return hn::MulAdd(x.im, s, hn::Mul(x.re, c));
}

template <class T>
struct OneSink {
  Group<T> y;
  HWY_INLINE void Put(std::int64_t row, std::int64_t channel, Cx<Vector<T>> x, Vector<T> c,
                      Vector<T> s) const {
    hn::StoreU(RealPart<T>(x, c, s), Tag<T>(), y.row(row) + channel);
  }
};

/// y = gate · x.
template <class T>
struct GateSink {
  ConstGroup<T> gate;
  Group<T> y;
  HWY_INLINE void Put(std::int64_t row, std::int64_t channel, Cx<Vector<T>> x, Vector<T> c,
                      Vector<T> s) const {
    const Tag<T> d;
    hn::StoreU(hn::Mul(hn::LoadU(d, gate.row(row) + channel), RealPart<T>(x, c, s)), d,
               y.row(row) + channel);
  }
};

/// Both factors of a product receive their gradients.
template <class T>
struct FactorsSink {
  ConstGroup<T> k, v;
  Group<T> dk, dv;
  HWY_INLINE void Put(std::int64_t row, std::int64_t channel, Cx<Vector<T>> x, Vector<T> c,
                      Vector<T> s) const {
    const Tag<T> d;
    const auto du = RealPart<T>(x, c, s);
    const auto key = hn::LoadU(d, k.row(row) + channel);
    hn::StoreU(hn::Mul(hn::LoadU(d, v.row(row) + channel), du), d, dk.row(row) + channel);
    hn::StoreU(hn::Mul(key, du), d, dv.row(row) + channel);
  }
};

template <class T>
struct ComplexSink {
  Group<T> re, im;
  T scale;
  HWY_INLINE void Put(std::int64_t row, std::int64_t channel, Cx<Vector<T>> x, Vector<T> c,
                      Vector<T> s) const {
    const Tag<T> d;
    const auto factor = hn::Set(d, scale);
    hn::StoreU(hn::Mul(RealPart<T>(x, c, s), factor), d, re.row(row) + channel);
    if (im.data != nullptr) {
      hn::StoreU(hn::Mul(hn::NegMulAdd(x.re, s, hn::Mul(x.im, c)), factor), d,
                 im.row(row) + channel);
    }
  }
};

// ---- between them, at the leaves

template <class T, bool kF, bool kI>
struct Leaf {
  static constexpr bool kForward = kF, kInverse = kI;
};

/// x · H
template <class T>
struct ConvolveLeaf : Leaf<T, true, true> {
  const T* HWY_RESTRICT h;
  HWY_INLINE void Point(std::int64_t offset, Cx<Vector<T>>& x) const {
    x = Times(x, LoadPoint(h + offset));
  }
  HWY_INLINE void Advance(std::int64_t n) { h += n; }
};

/// The same, x kept aside.
template <class T>
struct KeepLeaf : Leaf<T, true, true> {
  const T* HWY_RESTRICT h;
  T* HWY_RESTRICT kept;
  HWY_INLINE void Point(std::int64_t offset, Cx<Vector<T>>& x) const {
    StorePoint(x, kept + offset);
    x = Times(x, LoadPoint(h + offset));
  }
  HWY_INLINE void Advance(std::int64_t n) {
    h += n;
    kept += n;
  }
};

/// x is the spectrum of dc: dH = x · conj(U), or added to it, then x · conj(H). dH may lie over U.
template <class T, bool kAdd>
struct BackwardLeaf : Leaf<T, true, true> {
  const T* HWY_RESTRICT h;
  const T* u;
  T* dh;
  HWY_INLINE void Point(std::int64_t offset, Cx<Vector<T>>& x) const {
    auto product = TimesConjugate(x, LoadPoint(u + offset));
    if constexpr (kAdd) product = Plus(LoadPoint(dh + offset), product);
    StorePoint(product, dh + offset);
    x = TimesConjugate(x, LoadPoint(h + offset));
  }
  HWY_INLINE void Advance(std::int64_t n) {
    h += n;
    u += n;
    dh += n;
  }
};

/// Forward only: the spectrum, scaled, to `out`.
template <class T>
struct AnalyseLeaf : Leaf<T, true, false> {
  T* HWY_RESTRICT out;
  T scale;
  HWY_INLINE void Point(std::int64_t offset, Cx<Vector<T>>& x) const {
    const auto factor = hn::Set(Tag<T>(), scale);
    StorePoint(Cx<Vector<T>>{hn::Mul(x.re, factor), hn::Mul(x.im, factor)}, out + offset);
  }
  HWY_INLINE void Advance(std::int64_t n) { out += n; }
};

/// Inverse only: from a spectrum.
template <class T>
struct SynthesiseLeaf : Leaf<T, false, true> {
  const T* HWY_RESTRICT in;
  HWY_INLINE void Point(std::int64_t offset, Cx<Vector<T>>& x) const { x = LoadPoint(in + offset); }
  HWY_INLINE void Advance(std::int64_t n) { in += n; }
};

/// The same from a sum of spectra.
template <class T>
struct SumLeaf : Leaf<T, false, true> {
  Sum<T> in;
  HWY_INLINE void Point(std::int64_t offset, Cx<Vector<T>>& x) const {
    x = LoadPoint(in.data + offset);
    for (std::int64_t s = 1; s < in.count; ++s) {
      x = Plus(x, LoadPoint(in.data + s * in.stride + offset));
    }
  }
  HWY_INLINE void Advance(std::int64_t n) { in.data += n; }
};

/// Forward, gradient of the spectrum, back.
template <class T>
HWY_INLINE void InnerBackward(const Plan<T>& plan, T* work, const T* spectrum, const T* kept,
                              T* gradient, bool first, const Executor* team = nullptr) {
  const auto run = [&](auto leaf) HYENA_INLINE_LAMBDA {
    leaf.h = spectrum;
    leaf.u = kept;
    leaf.dh = gradient;
    Inner(plan, work, leaf, team);
  };
  if (first) {
    run(BackwardLeaf<T, false>());
  } else {
    run(BackwardLeaf<T, true>());
  }
}

// ---- what the driver calls

/// One point more than a transform needs, so that neighbours are no power of two apart.
template <class T>
HWY_INLINE std::int64_t WorkStride(const Plan<T>& plan) {
  return 2 * Lanes<T>() * (plan.stored + 1);
}
template <class T>
HWY_INLINE std::int64_t SpectrumSize(const Plan<T>& plan) {
  return 2 * Lanes<T>() * plan.size;
}
template <class T>
HWY_INLINE DirectShape DirectLine(const Plan<T>& plan) {
  return {1, plan.size, plan.causal};
}
template <class T>
std::int64_t GroupWorkSize(const Plan<T>& plan, std::int64_t groups, bool backward) {
  if (plan.direct()) return DirectWork<T>::Size(DirectLine(plan));
  return groups * (WorkStride(plan) + (backward ? SpectrumSize(plan) : 0));
}

template <class T>
void AnalyseFilter(const Plan<T>& plan, ConstGroup<T> re, ConstGroup<T> im, Workspace<T> space,
                   T* spectrum) {
  const Works<T> works{.data = space.data, .team = space.team};
  if (im.data != nullptr) {
    First(plan, ComplexSource<T>{re, im}, works);
  } else {
    First(plan, OneSource<T>{re}, works);
  }
  AnalyseLeaf<T> leaf;
  leaf.out = spectrum;
  leaf.scale = static_cast<T>(1.0 / static_cast<double>(plan.size));
  Inner(plan, works.data, leaf, works.team);
}

template <class T>
void SynthesiseFilter(const Plan<T>& plan, Sum<T> spectrum, Workspace<T> space, Group<T> re,
                      Group<T> im) {
  const Works<T> works{.data = space.data, .team = space.team};
  SumLeaf<T> leaf;
  leaf.in = spectrum;
  Inner(plan, works.data, leaf, works.team);
  Last(plan, works, ComplexSink<T>{re, im, static_cast<T>(1.0 / static_cast<double>(plan.size))});
}

template <class T>
HWY_INLINE void FirstOf(const Plan<T>& plan, ConstGroup<T> a, ConstGroup<T> b,
                        const Works<T>& works) {
  if (a.data == nullptr) {
    First(plan, OneSource<T>{b}, works);
  } else {
    First(plan, ProductSource<T>{a, b}, works);
  }
}
/// y = gate ⊙ x, or x.
template <class T>
HWY_INLINE void LastGated(const Plan<T>& plan, const Works<T>& works, ConstGroup<T> gate,
                          Group<T> y) {
  if (gate.data == nullptr) {
    Last(plan, works, OneSink<T>{y});
  } else {
    Last(plan, works, GateSink<T>{gate, y});
  }
}
/// The product k ⊙ v hands its gradient to both.
template <class T>
HWY_INLINE void LastFactors(const Plan<T>& plan, const Works<T>& works, ConstGroup<T> k,
                            ConstGroup<T> v, Group<T> dk, Group<T> dv) {
  if (k.data == nullptr) {
    Last(plan, works, OneSink<T>{dv});
  } else {
    Last(plan, works, FactorsSink<T>{k, v, dk, dv});
  }
}

template <class T>
void ConvolveGroups(const Plan<T>& plan, const T* spectrum, std::int64_t groups, ConstGroup<T> q,
                    ConstGroup<T> k, ConstGroup<T> v, Group<T> y, Workspace<T> space) {
  T* memory = space.data;
  if (plan.direct()) {
    return DirectConvolve(DirectLine(plan), spectrum, groups, q, k, v, y, memory);
  }
  const Works<T> works{memory, groups, WorkStride(plan), space.team};
  FirstOf(plan, k, v, works);
  for (std::int64_t g = 0; g < groups; ++g) {
    ConvolveLeaf<T> leaf;
    leaf.h = spectrum + g * SpectrumSize(plan);
    Inner(plan, memory + g * works.stride, leaf, works.team);
  }
  LastGated(plan, works, q, y);
}

template <class T>
void BackwardGroups(const Plan<T>& plan, const T* spectrum, std::int64_t groups,
                    const BackwardRows<T>& rows, T* gradient, Workspace<T> space) {
  T* memory = space.data;
  if (plan.direct()) {
    return DirectBackward(DirectLine(plan), spectrum, groups, rows, gradient, memory);
  }
  const Works<T> works{memory, groups, WorkStride(plan), space.team};
  const std::int64_t size = SpectrumSize(plan);
  // The gradient's own place holds U until the gradient is written over it, point by point.
  T* kept = rows.first ? gradient : memory + groups * works.stride;
  FirstOf(plan, rows.k, rows.v, works);
  for (std::int64_t g = 0; g < groups; ++g) {
    if (rows.dq.data != nullptr) {
      KeepLeaf<T> leaf;
      leaf.h = spectrum + g * size;
      leaf.kept = kept + g * size;
      Inner(plan, memory + g * works.stride, leaf, works.team);
    } else {
      AnalyseLeaf<T> leaf;
      leaf.out = kept + g * size;
      leaf.scale = 1;
      Inner(plan, memory + g * works.stride, leaf, works.team);
    }
  }
  if (rows.dq.data != nullptr) {
    LastGated(plan, works, rows.q.data != nullptr ? rows.dy : ConstGroup<T>{}, rows.dq);
  }
  FirstOf(plan, rows.q, rows.dy, works);
  for (std::int64_t g = 0; g < groups; ++g) {
    InnerBackward(plan, memory + g * works.stride, spectrum + g * size, kept + g * size,
                  gradient + g * size, rows.first, works.team);
  }
  LastFactors(plan, works, rows.k, rows.v, rows.dk, rows.dv);
}

}  // namespace HWY_NAMESPACE
}  // namespace hyena::kernels::cpu
HWY_AFTER_NAMESPACE();

#endif  // toggle
