#pragma once

#include <type_traits>

#include "kernels/cuda/device.h"
#include "kernels/cuda/fused_fft.h"
#include "kernels/cuda/ring_plan.cuh"

/// Rows of signals as registers: element types and the pairing of elements are decided as the
/// kernel runs, once for each row, so that one instantiation of a length serves them all.
namespace hyena::kernels::cuda::fused_fft {

/// Two neighbouring elements.
template <class T>
struct PairOf {
  using Word = unsigned;
  static HYENA_DEVICE float low(unsigned w) {
    return to_float(T{static_cast<std::uint16_t>(w & 0xFFFFU)});
  }
  static HYENA_DEVICE float high(unsigned w) {
    return to_float(T{static_cast<std::uint16_t>(w >> 16)});
  }
  static HYENA_DEVICE unsigned of(float a, float b) { return pack_floats<T>(a, b); }
};
template <>
struct PairOf<float> {
  using Word = float2;
  static HYENA_DEVICE float low(float2 w) { return w.x; }
  static HYENA_DEVICE float high(float2 w) { return w.y; }
  static HYENA_DEVICE float2 of(float a, float b) { return make_float2(a, b); }
};

/// One thread's elements of rows of `length`, at the places of a plan's first stage. Elements
/// behind the row are 0 and not written.
template <class Plan, class T, bool Pairs>
struct RowOf {
  using Lines = RingLines<Plan, 1>;
  using Pair = PairOf<T>;
  using Item = std::conditional_t<Pairs, typename Pair::Word, T>;
  static constexpr int P = Plan::P, kItems = Pairs ? P / 2 : P;

  int column, length;

  /// As stored, to be converted where it is used: loads of several rows run at once.
  struct Values {
    Item item[kItems];

    HYENA_DEVICE float operator[](int i) const {
      if constexpr (Pairs) {
        return i < Lines::R ? Pair::low(item[i]) : Pair::high(item[i - Lines::R]);
      } else {
        return to_float(item[i]);
      }
    }
  };

  /// Null data: ones.
  HYENA_DEVICE void read(const Rows& rows, int b, int d, Values& x) const {
    if (rows.data == nullptr) {
      HYENA_UNROLL
      for (int i = 0; i < kItems; ++i) x.item[i] = item(1.0F, 1.0F);
      return;
    }
    const T* row = static_cast<const T*>(rows.data) + b * rows.batch + d * rows.channel + column;
    const int left = length - column;
    HYENA_UNROLL
    for (int i = 0; i < kItems; ++i) {
      x.item[i] = item(0.0F, 0.0F);
      if (Lines::offset(i) < left) {
        x.item[i] = load(reinterpret_cast<const Item*>(row + Lines::offset(i)));
      }
    }
  }
  /// value(i): of register i.
  template <class F>
  HYENA_DEVICE void write(const Rows& rows, int b, int d, F&& value) const {
    T* row =
        static_cast<T*>(const_cast<void*>(rows.data)) + b * rows.batch + d * rows.channel + column;
    const auto store_item = [&](int i) {
      store_once(reinterpret_cast<Item*>(row + Lines::offset(i)),
                 item(value(i), Pairs ? value((i + Lines::R) % P) : 0.0F));
    };
    // The common case apart: conditional stores are branches that each work out their address.
    if (length == Plan::N) {
      HYENA_UNROLL
      for (int i = 0; i < kItems; ++i) store_item(i);
    } else {
      const int left = length - column;
      HYENA_UNROLL
      for (int i = 0; i < kItems; ++i) {
        if (Lines::offset(i) < left) store_item(i);
      }
    }
  }

 private:
  static HYENA_DEVICE Item item(float a, float b) {
    if constexpr (Pairs) {
      return Pair::of(a, b);
    } else {
      return from_float<T>(a);
    }
  }
};

/// Calls f with the RowOf that the storage asks for.
template <class Plan, class T, class F>
HYENA_DEVICE void with_pairs(bool pairs, int column, int length, F&& f) {
  if constexpr (RingLines<Plan, 1>::kPairs) {
    if (pairs) return f(RowOf<Plan, T, true>{column, length});
  }
  f(RowOf<Plan, T, false>{column, length});
}
template <class Plan, class F>
HYENA_DEVICE void with_rows(const Storage& storage, int t, int length, F&& f) {
  const int column = RingLines<Plan, 1>::column(opaque(t));
  if (storage.element == Element::kFloat) {
    with_pairs<Plan, float>(storage.pairs, column, length, f);
  } else if (storage.element == Element::kBf16) {
    with_pairs<Plan, Bf16>(storage.pairs, column, length, f);
  } else {
    with_pairs<Plan, Half>(storage.pairs, column, length, f);
  }
}

/// u = a ⊙ b of one row.
template <class Plan>
HYENA_DEVICE void read_product(const Storage& storage, int t, int length, const Rows& a,
                               const Rows& b, int item, int channel, float (&u)[Plan::P]) {
  with_rows<Plan>(storage, t, length, [&](auto row) {
    typename decltype(row)::Values x, y;
    row.read(a, item, channel, x);
    row.read(b, item, channel, y);
    HYENA_UNROLL
    for (int i = 0; i < Plan::P; ++i) u[i] = x[i] * y[i];
  });
}

/// out = c ⊙ a of one row.
template <class Plan>
HYENA_DEVICE void write_product(const Storage& storage, int t, int length, const Rows& a,
                                const Rows& out, int item, int channel, const float (&c)[Plan::P]) {
  with_rows<Plan>(storage, t, length, [&](auto row) {
    typename decltype(row)::Values x;
    row.read(a, item, channel, x);
    row.write(out, item, channel, [&](int i) { return c[i] * x[i]; });
  });
}

}  // namespace hyena::kernels::cuda::fused_fft
