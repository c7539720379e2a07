#pragma once

#include "kernels/cuda/ring_stage.cuh"

/// Where the numbers of a transform by one group of threads lie between its stages.
namespace hyena::kernels::cuda {

/// N numbers, P in each thread's registers, stages of radix R1, R2 and, unless 1, R3. N = R1 R2 R3.
/// Brief: twiddles by few values of a table (ring_table.h), for tables that would not fit caches.
template <int N_, int P_, bool Brief, int R1, int R2, int R3>
struct RingPlan {
  static_assert(N_ == R1 * R2 * R3, "the radices make up the length");
  static constexpr int N = N_, P = P_, kThreads = N / P;
  static constexpr bool kBrief = Brief;
  static constexpr int kStages = R3 > 1 ? 3 : 2;
  static constexpr int kFirst = R1, kSecond = R2, kThird = R3;
};

/// Stage S = 1, 2, … of a plan. Register i = line · R + r holds the r-th number of one of the
/// thread's lines; numbers of a line lie kStride apart. Lines of the last stage belong to nodes t,
/// t + kThreads, …; those before come as pairs of neighbouring columns where a thread has two or
/// more, so that two numbers are moved at a time.
template <class Plan, int S>
struct RingLines {
  static constexpr int P = Plan::P, T = Plan::kThreads;
  static constexpr bool kIsLast = S == Plan::kStages;
  static constexpr int R = S == 1 ? Plan::kFirst : S == 2 ? Plan::kSecond : Plan::kThird;
  static constexpr int kStride = S == 1               ? Plan::N / Plan::kFirst
                                 : S == 2 && !kIsLast ? Plan::kThird
                                                      : 1;
  static constexpr int kNodes = Plan::N / (R * kStride);
  static constexpr int kLines = P / R;
  static constexpr bool kPairs = !kIsLast && kLines >= 2;
  static constexpr int kAdjacent = kPairs ? 2 : 1;
  static constexpr int kPerNode = kStride / kAdjacent;
  /// Nodes from one line (pair of lines) of a thread to its next.
  static constexpr int kNodeStep = kIsLast ? T : T / kPerNode;
  static_assert(kIsLast || T % kPerNode == 0, "a thread's lines share their columns");

  static HYENA_DEVICE int node(int t) {
    return static_cast<int>(static_cast<unsigned>(t) / kPerNode);
  }
  static HYENA_DEVICE int column(int t) {
    return kIsLast ? 0 : kAdjacent * static_cast<int>(static_cast<unsigned>(t) % kPerNode);
  }
  /// The place of register 0, and how far behind it that of register i lies.
  static HYENA_DEVICE int place(int t) { return node(t) * R * kStride + column(t); }
  static HYENA_HOST_DEVICE constexpr int offset(int i) {
    return i / R / kAdjacent * kNodeStep * R * kStride + i / R % kAdjacent + i % R * kStride;
  }
};

/// Numbers change threads through shared memory. A thread writes to the places that it last read,
/// so an exchange needs one barrier, between its two halves. Padding keeps all banks busy.
template <class Plan>
struct WholeExchange {
  static constexpr int kLast = Plan::kStages == 3 ? Plan::kThird : Plan::kSecond;
  static HYENA_HOST_DEVICE constexpr int padded(int place) {
    return place + 2 * static_cast<int>(static_cast<unsigned>(place) / kLast);
  }
  static constexpr int kBytes = padded(Plan::N) * 8;  ///< for each row
  /// The compiler shall neither keep it in a register from one exchange to the next nor see the
  /// bits that it has not, which would cost an instruction for each offset.
  template <class Lines>
  static HYENA_DEVICE int base_of(int t) {
    return opaque(padded(Lines::place(opaque(t))));
  }

  template <int S>
  static HYENA_DEVICE void put(float* shared, int t, const float2 (&x)[Plan::P]) {
    using Lines = RingLines<Plan, S>;
    float2* p = reinterpret_cast<float2*>(shared) + base_of<Lines>(t);
    HYENA_UNROLL
    for (int i = 0; i < Plan::P; ++i) {
      if constexpr (Lines::kIsLast || Lines::kPairs) {
        const int next = i + (Lines::kIsLast ? 1 : Lines::R);
        if (Lines::kIsLast ? i % 2 == 0 : i / Lines::R % 2 == 0) {
          store(reinterpret_cast<float4*>(p + padded(Lines::offset(i))),
                make_float4(x[i].x, x[i].y, x[next].x, x[next].y));
        }
      } else {
        store(p + padded(Lines::offset(i)), x[i]);
      }
    }
  }

  template <int S>
  static HYENA_DEVICE void take(const float* shared, int t, float2 (&x)[Plan::P]) {
    using Lines = RingLines<Plan, S>;
    const float2* p = reinterpret_cast<const float2*>(shared) + base_of<Lines>(t);
    HYENA_UNROLL
    for (int i = 0; i < Plan::P; ++i) {
      if constexpr (Lines::kIsLast || Lines::kPairs) {
        const int next = i + (Lines::kIsLast ? 1 : Lines::R);
        if (Lines::kIsLast ? i % 2 == 0 : i / Lines::R % 2 == 0) {
          const float4 two = load(reinterpret_cast<const float4*>(p + padded(Lines::offset(i))));
          x[i] = make_float2(two.x, two.y);
          x[next] = make_float2(two.z, two.w);
        }
      } else {
        x[i] = load(p + padded(Lines::offset(i)));
      }
    }
  }

  template <int From, int To, class Sync>
  static HYENA_DEVICE void exchange(float* shared, int t, float2 (&x)[Plan::P], Sync&& sync) {
    put<From>(shared, t, x);
    sync();
    take<To>(shared, t, x);
  }
};

/// The same with half the memory and three barriers: real parts, then imaginary parts. For plans of
/// one line before the last stage, whose last radix is 16.
template <class Plan>
struct SplitExchange {
  static_assert(Plan::kThird == 16 && !RingLines<Plan, 1>::kPairs && !RingLines<Plan, 2>::kPairs,
                "the padding is made for this form");
  static HYENA_HOST_DEVICE constexpr int padded(int place) {
    const auto p = static_cast<unsigned>(place);
    return static_cast<int>(p + 4 * (p / 32) + 16 * (p / RingLines<Plan, 1>::kStride));
  }
  static constexpr int kBytes = padded(Plan::N) * 4;
  template <class Lines>
  static HYENA_DEVICE int base_of(int t) {
    return opaque(padded(Lines::place(opaque(t))));
  }

  template <int S, bool Imaginary>
  static HYENA_DEVICE void put(float* shared, int t, const float2 (&x)[Plan::P]) {
    using Lines = RingLines<Plan, S>;
    const auto part = [&x](int i) { return Imaginary ? x[i].y : x[i].x; };
    float* p = shared + base_of<Lines>(t);
    constexpr int kStep = Lines::kIsLast ? 4 : 1;
    HYENA_UNROLL
    for (int i = 0; i < Plan::P; i += kStep) {
      if constexpr (Lines::kIsLast) {
        store(reinterpret_cast<float4*>(p + padded(Lines::offset(i))),
              make_float4(part(i), part(i + 1), part(i + 2), part(i + 3)));
      } else {
        store(p + padded(Lines::offset(i)), part(i));
      }
    }
  }

  template <int S, bool Imaginary>
  static HYENA_DEVICE void take(const float* shared, int t, float2 (&x)[Plan::P]) {
    using Lines = RingLines<Plan, S>;
    const auto part = [&x](int i) -> float& { return Imaginary ? x[i].y : x[i].x; };
    const float* p = shared + base_of<Lines>(t);
    constexpr int kStep = Lines::kIsLast ? 4 : 1;
    HYENA_UNROLL
    for (int i = 0; i < Plan::P; i += kStep) {
      if constexpr (Lines::kIsLast) {
        const float4 four = load(reinterpret_cast<const float4*>(p + padded(Lines::offset(i))));
        part(i) = four.x;
        part(i + 1) = four.y;
        part(i + 2) = four.z;
        part(i + 3) = four.w;
      } else {
        part(i) = load(p + padded(Lines::offset(i)));
      }
    }
  }

  template <int From, int To, class Sync>
  static HYENA_DEVICE void exchange(float* shared, int t, float2 (&x)[Plan::P], Sync&& sync) {
    put<From, false>(shared, t, x);
    sync();
    take<To, false>(shared, t, x);
    sync();
    put<From, true>(shared, t, x);
    sync();
    take<To, true>(shared, t, x);
  }
};

}  // namespace hyena::kernels::cuda
