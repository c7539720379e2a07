#pragma once

#include <cstring>

#include "kernels/cuda/cufft_plans.h"
#include "kernels/cuda/device.h"
#include "kernels/cuda/elements.h"

/// What is done with one element before and after a transform. Kernels of their own
/// (cufft_passes.cu) and callbacks inside cuFFT (cufft_callbacks.cu) both call these functions.
namespace hyena::kernels::cuda::cufft {

/// A pass transforms rows first, first + 1, … of the B · D signals; row n is channel n mod D of
/// item n / D. Rows from `count` on do not exist.
struct RowRange {
  std::int64_t first, count, channels;
};

/// What one buffer of a pass is made from and what becomes of it: in[0] ⊙ in[1] is loaded, each of
/// out[i] is written as result ⊙ gate[i]. Null: a factor of 1; no output. The filter's spectrum, D
/// rows, is for multiplying in a callback.
template <class T>
struct alignas(16) PassArgs {
  Signal<const T> in[2];
  Signal<T> out[2];
  Signal<const T> gate[2];
  PaddedGrid grid;
  RowRange rows;
  const float2* filter;
};

/// offset = row · distance + place, in 32 bits where they suffice: a 64-bit division is slow.
struct Offset {
  std::int64_t row;
  int place;
};
HYENA_DEVICE Offset split(unsigned long long offset, std::int64_t distance) {
  if (offset >> 32 == 0) {
    const auto short_offset = static_cast<unsigned>(offset);
    const auto by = static_cast<unsigned>(distance);
    return {short_offset / by, static_cast<int>(short_offset % by)};
  }
  const auto by = static_cast<unsigned long long>(distance);
  return {static_cast<std::int64_t>(offset / by), static_cast<int>(offset % by)};
}

/// Row r of the pass: its item and channel.
struct RowAt {
  bool there;
  std::int64_t item, channel;
};
HYENA_DEVICE RowAt row_at(const RowRange& rows, std::int64_t r) {
  const std::int64_t n = rows.first + r;
  const Offset at = split(static_cast<unsigned long long>(n), rows.channels);
  return {n < rows.count, at.row, at.place};
}

template <class T>
HYENA_DEVICE float factor(const Signal<const T>& s, const RowAt& row, int t) {
  return s.data != nullptr ? to_float(load(s.row(row.item, row.channel) + t)) : 1.0F;
}

/// The real number at (i, j) of a padded grid.
template <class T>
HYENA_DEVICE float load_element(const PassArgs<T>& a, const RowAt& row, int i, int j) {
  if (!row.there || i >= a.grid.height || j >= a.grid.width) return 0.0F;
  const int t = i * a.grid.width + j;
  return factor(a.in[0], row, t) * factor(a.in[1], row, t);
}

/// Writes what follows from the result x at (i, j); nothing in the padding.
template <class T>
HYENA_DEVICE void store_element(const PassArgs<T>& a, const RowAt& row, int i, int j, float x) {
  if (!row.there || i >= a.grid.height || j >= a.grid.width) return;
  const int t = i * a.grid.width + j;
  for (int o = 0; o < 2; ++o) {
    if (a.out[o].data == nullptr) continue;
    store(a.out[o].row(row.item, row.channel) + t, from_float<T>(x * factor(a.gate[o], row, t)));
  }
}

HYENA_DEVICE float2 multiply(float2 x, float2 y) {
  return make_float2(fma(x.x, y.x, -x.y * y.y), fma(x.x, y.y, x.y * y.x));
}
/// x · conj(y).
HYENA_DEVICE float2 multiply_conjugate(float2 x, float2 y) {
  return make_float2(fma(x.x, y.x, x.y * y.y), fma(x.y, y.x, -x.x * y.y));
}

/// Row and column of a float of a padded grid.
struct GridPlace {
  int i, j;
};
HYENA_DEVICE GridPlace grid_place(const PaddedGrid& grid, int place) {
  if (grid.padded_height == 1) return {0, place};
  const int i = place / grid.pitch;
  return {i, place - i * grid.pitch};
}

// ---- the callbacks: `data` is the grids' memory, behind its arguments

template <class T>
HYENA_DEVICE PassArgs<T> args_before(const void* data) {
  static_assert(sizeof(PassArgs<T>) <= kCallbackBytes, "");
  using Part = Pack<unsigned, 4>;
  const auto* from = reinterpret_cast<const Part*>(static_cast<const char*>(data) - kCallbackBytes);
  Part parts[sizeof(PassArgs<T>) / sizeof(Part)];
  HYENA_UNROLL
  for (int i = 0; i < static_cast<int>(sizeof(parts) / sizeof(Part)); ++i) {
    parts[i] = load(from + i);
  }
  PassArgs<T> args;
  memcpy(&args, parts, sizeof(args));
  return args;
}

template <class T>
HYENA_DEVICE float load_callback(const void* data, unsigned long long offset) {
  const PassArgs<T> a = args_before<T>(data);
  const Offset at = split(offset, 2 * a.grid.spectrum);
  const GridPlace p = grid_place(a.grid, at.place);
  return load_element(a, row_at(a.rows, at.row), p.i, p.j);
}

template <class T>
HYENA_DEVICE void store_callback(const void* data, unsigned long long offset, float x) {
  const PassArgs<T> a = args_before<T>(data);
  const Offset at = split(offset, 2 * a.grid.spectrum);
  const GridPlace p = grid_place(a.grid, at.place);
  store_element(a, row_at(a.rows, at.row), p.i, p.j, x);
}

template <class T>
HYENA_DEVICE float2 multiply_callback(const void* data, unsigned long long offset) {
  const PassArgs<T> a = args_before<T>(data);
  const Offset at = split(offset, a.grid.spectrum);
  const RowAt row = row_at(a.rows, at.row);
  return multiply(load(static_cast<const float2*>(data) + offset),
                  load(a.filter + row.channel * a.grid.spectrum + at.place));
}

}  // namespace hyena::kernels::cuda::cufft
