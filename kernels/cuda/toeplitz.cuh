#pragma once

#include <cstring>

#include "kernels/cuda/toeplitz.h"

/// What the kernels of toeplitz.h share: powers of two, operands in parts, lines in shared memory.
namespace hyena::kernels::cuda::toeplitz {

HYENA_HOST_DEVICE int smaller(int a, int b) {
  return a < b ? a : b;
}
HYENA_HOST_DEVICE int larger(int a, int b) {
  return a > b ? a : b;
}
HYENA_DEVICE float magnitude(float x) {
  return x < 0 ? -x : x;
}
/// The larger; NaN in b is passed over.
HYENA_DEVICE float larger(float a, float b) {
  return b > a ? b : a;
}
HYENA_DEVICE float warp_maximum(float x) {
  for (int distance = 16; distance > 0; distance /= 2) x = larger(x, shuffle_xor(x, distance));
  return x;
}

/// 2^e with 2^13 <= x · 2^e < 2^14, −113 <= e <= 126: so that the inverse is a normal number.
HYENA_DEVICE float scale_for(float x) {
  std::uint32_t bits;
  std::memcpy(&bits, &x, 4);
  const int e = smaller(larger(140 - static_cast<int>(bits >> 23 & 255), -113), 126);
  bits = static_cast<std::uint32_t>(e + 127) << 23;
  std::memcpy(&x, &bits, 4);
  return x;
}
/// 1 / x, x = 2^e.
HYENA_DEVICE float inverse_power(float x) {
  std::uint32_t bits;
  std::memcpy(&bits, &x, 4);
  bits = (254U << 23) - bits;
  std::memcpy(&x, &bits, 4);
  return x;
}

/// x and y as two float16 numbers each, 22 bits; the first of a pair in the low half of a word.
struct Parts {
  unsigned high, low;
};
HYENA_DEVICE Parts parts_of(float x, float y) {
  const unsigned high = pack_floats<Half>(x, y);
  const Half hx{static_cast<std::uint16_t>(high & 0xFFFFU)};
  const Half hy{static_cast<std::uint16_t>(high >> 16)};
  return {high, pack_floats<Half>(x - to_float(hx), y - to_float(hy))};
}

/// How many of the positions (line, column) and (line, column + 1) there are.
HYENA_DEVICE int positions(const Lines& l, int line, int column) {
  const int left = smaller(l.width - column, l.length - (line * l.width + column));
  return smaller(larger(left, 0), 2);
}

/// p[0] and p[1], the first `count` of them; zeros else. Null p: ones.
template <class T>
HYENA_DEVICE float2 load_pair(const T* p, int count, bool pairs) {
  if (p == nullptr) return make_float2(1, 1);
  if (pairs && count == 2) {
    const Pack<T, 2> x = load(reinterpret_cast<const Pack<T, 2>*>(p));
    return make_float2(to_float(x.item[0]), to_float(x.item[1]));
  }
  return make_float2(count > 0 ? to_float(load(p)) : 0.0F,
                     count > 1 ? to_float(load(p + 1)) : 0.0F);
}

/// a ⊙ b of one channel from item `first` on; one of them is there.
template <class T>
struct Products {
  Signal<const T> a, b;
  std::int64_t first, channel;
  bool pairs;

  HYENA_DEVICE static const T* position(const Signal<const T>& s, std::int64_t item,
                                        std::int64_t channel, int t) {
    return s.data != nullptr ? s.row(item, channel) + t : nullptr;
  }
  HYENA_DEVICE float2 pair(const Lines& l, int item, int line, int column) const {
    const int count = positions(l, line, column), t = line * l.width + column;
    if (count == 0) return make_float2(0, 0);
    const float2 x = load_pair(position(a, first + item, channel, t), count, pairs);
    const float2 y = load_pair(position(b, first + item, channel, t), count, pairs);
    return make_float2(x.x * y.x, x.y * y.y);
  }
};

/// Lines that a warp moves at a time: short ones share it.
struct Share {
  int lanes, line, column;  ///< lanes of a line; this lane's line and pair of columns

  HYENA_DEVICE explicit Share(const Lines& l)
      : lanes(l.columns > 32 ? 32 : l.columns / 2),
        line(lane_index() / lanes),
        column(lane_index() % lanes * 2) {}
  HYENA_DEVICE int lines() const { return 32 / lanes; }
};

/// maxima[line of the tile]: the largest magnitude. By `Warps` warps.
template <int Warps, class T>
HYENA_DEVICE void line_maxima(const Products<T>& x, const Lines& l, int lines, float* maxima) {
  const Share share(l);
  for (int first = warp_index() * share.lines(); first < lines; first += Warps * share.lines()) {
    const int r = first + share.line;
    float most = 0;
    for (int column = share.column; r < lines && column < l.columns; column += 2 * share.lanes) {
      const float2 p = x.pair(l, r / l.height, r % l.height, column);
      most = larger(larger(most, magnitude(p.x)), magnitude(p.y));
    }
    for (int distance = share.lanes / 2; distance > 0; distance /= 2) {
      most = larger(most, shuffle_xor(most, distance));
    }
    if (r < lines && share.column == 0) store(maxima + r, most);
  }
}
/// The largest of an item's maxima.
HYENA_DEVICE float item_maximum(const float* maxima, const Lines& l, int item) {
  float most = 0;
  for (int i = lane_index(); i < l.height; i += 32) {
    most = larger(most, load(maxima + item * l.height + i));
  }
  return warp_maximum(most);
}

/// Lines of products in shared memory, as float16 parts: high parts of all lines, then low ones.
struct TileView {
  Half* high;
  int part;  ///< elements from high parts to low parts

  HYENA_DEVICE unsigned* word(int element) const {
    return reinterpret_cast<unsigned*>(high + element);
  }
};
/// Line r of item r / height, times `factor`(item). By `Warps` warps.
template <int Warps, class T, class Factor>
HYENA_DEVICE void fill_lines(const Products<T>& x, const Lines& l, int lines, bool split,
                             const TileView& tile, const Factor& factor) {
  const Share share(l);
  for (int r = warp_index() * share.lines() + share.line; r < lines; r += Warps * share.lines()) {
    const int item = r / l.height;
    const float scale = factor(item);
    for (int column = share.column; column < l.columns; column += 2 * share.lanes) {
      const float2 p = x.pair(l, item, r % l.height, column);
      const Parts parts = parts_of(p.x * scale, p.y * scale);
      store(tile.word(r * l.pitch() + column), parts.high);
      if (split) store(tile.word(tile.part + r * l.pitch() + column), parts.low);
    }
  }
}

/// Line shifts δ for which some of lines [16 m, 16 m + 16) of a tile have a line i − δ.
struct Shifts {
  int first, last;
};
HYENA_DEVICE Shifts shifts_of(const Lines& l, int m, int lines, bool transposed) {
  const int from = 16 * m, to = smaller(from + 15, lines - 1);
  Shifts s{1 - l.height, l.height - 1};
  if (from / l.height == to / l.height) {
    s.first = from % l.height - (l.height - 1);
    s.last = to % l.height;
  }
  if (l.causal && !transposed) s.first = larger(s.first, 0);
  if (l.causal && transposed) s.last = smaller(s.last, 0);
  return s;
}

}  // namespace hyena::kernels::cuda::toeplitz
