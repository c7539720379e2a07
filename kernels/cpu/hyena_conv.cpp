#include "kernels/hyena_conv.h"

#include <algorithm>
#include <array>
#include <string>
#include <type_traits>

#include "kernels/cpu/gated.h"
#include "kernels/cpu/grid_spectrum.h"
#include "kernels/cpu/short_tile.h"
#include "kernels/cpu/spectrum.h"

namespace hyena::kernels {
namespace {

using cpu::refuse;

constexpr std::int64_t kStreams = 3;

/// A number for each tap and channel of the streams, and one more for each channel, where vectors
/// of channels can be read whole: [stream][tap, bias][channels of whole groups].
template <class T>
class ByTap {
 public:
  ByTap(std::int64_t taps, std::int64_t width) : taps_(taps), width_(width) {}

  std::int64_t size() const { return kStreams * (taps_ + 1) * width_; }
  std::int64_t width() const { return width_; }
  std::int64_t at(std::int64_t stream, std::int64_t tap, std::int64_t channel) const {
    return (stream * (taps_ + 1) + tap) * width_ + channel;
  }
  /// weight (3D, K) and bias (3D) of a caller, each may be null, against such an array.
  template <class Pointer, class F>
  void each(std::int64_t channels, Pointer* weight, Pointer* bias, F&& f) const {
    for (std::int64_t s = 0; s < kStreams; ++s) {
      for (std::int64_t d = 0; d < channels; ++d) {
        const std::int64_t row = s * channels + d;
        for (std::int64_t j = 0; weight != nullptr && j < taps_; ++j) {
          f(weight[row * taps_ + j], at(s, j, d));
        }
        if (bias != nullptr) f(bias[row], at(s, taps_, d));
      }
    }
  }

 private:
  std::int64_t taps_, width_;
};

void check(const char* function, const FftConvShape& shape, bool double_filter,
           const ShortFilters& f, bool x, bool output, const char* output_name) {
  if (shape.batch > 0 && !x) refuse(function, "x is absent");
  cpu::check(function, shape.batch, shape.type, double_filter, x, output, output_name);
  if (f.weight == nullptr) refuse(function, "the short filters have no weights");
  const auto pair = [](std::int64_t a, std::int64_t b) {
    return std::to_string(a) + " x " + std::to_string(b);
  };
  if (std::min(f.height, f.width) < 1 || std::max(f.height, f.width) > kMostShortTaps) {
    refuse(function, "short filters have 1 x 1 to 16 x 16 taps, got " + pair(f.height, f.width));
  }
  if (f.centre_row < 0 || f.centre_row >= f.height || f.centre_column < 0 ||
      f.centre_column >= f.width) {
    refuse(function, "the centre of short filters must be one of the " + pair(f.height, f.width) +
                         " taps, got (" + std::to_string(f.centre_row) + ", " +
                         std::to_string(f.centre_column) + ")");
  }
  if (f.gate < 0 || f.gate >= kStreams) {
    refuse(function, "gate must be one of the streams 0, 1, 2, got " + std::to_string(f.gate));
  }
}

/// A call with its short filters.
template <class T, class Transformed>
struct HyenaCall {
  cpu::Call<T, Transformed> conv;
  ShortFilters filters;
  ByTap<T> layout;
  cpu::AlignedBuffer<T> values;

  template <class Spectrum>
  HyenaCall(const FftConvShape& shape, const Spectrum& spectrum, const ShortFilters& f)
      : conv{spectrum.template as<T>(), shape.type, shape.batch, spectrum.channels,
             spectrum.extent()},
        filters(f),
        layout(f.height * f.width, conv.groups() * conv.lanes()),
        values(layout.size()) {
    std::fill_n(values.data(), layout.size(), T{0});
    layout.each(conv.channels, static_cast<const T*>(f.weight), static_cast<const T*>(f.bias),
                [&](T value, std::int64_t at) { values.data()[at] = value; });
  }

  std::int64_t taps() const { return filters.height * filters.width; }
  /// The channels of a stream in a (B, L, 3D) tensor.
  template <class Pointer>
  RowsOf<Pointer> part(RowsOf<Pointer> x, std::int64_t stream) const {
    using Byte = std::conditional_t<std::is_same_v<Pointer, void*>, char, const char>;
    x.data = static_cast<Byte*>(x.data) + stream * conv.channels * cpu::bytes_of(conv.type);
    return x;
  }
  /// `ahead` is the stream of this item that is filtered next, -1: none.
  cpu::ShortTileJob<T> job(const cpu::Item<T>& item, std::int64_t stream, std::int64_t ahead,
                           const ConstRows& x, T* work) const {
    return {.type = conv.type,
            .height = conv.extent.rows,
            .width = conv.extent.row,
            .padded = item.padded,
            .channels = item.used,
            .tile_stride = item.width,
            .kernel_height = filters.height,
            .kernel_width = filters.width,
            .centre_row = filters.centre_row,
            .centre_column = filters.centre_column,
            .weight = values.data() + layout.at(stream, 0, item.channel),
            .bias = values.data() + layout.at(stream, taps(), item.channel),
            .weight_stride = layout.width(),
            .x = item.at(part(x, stream), 0),
            .x_stride = x.row,
            .ahead = ahead < 0 ? nullptr : item.at(part(x, ahead), 0),
            .work = work};
  }
  std::int64_t short_work() const {
    return cpu::short_tile_work(job(conv.item(0, 0, 1), 0, -1, {}, nullptr), conv.lanes());
  }
  /// Zeros behind the ends of lines that are transformed as longer ones.
  void pad(const cpu::Item<T>& item, T* tile) const {
    if (item.padded == item.extent.row) return;
    for (std::int64_t i = 0; i < item.extent.rows; ++i, tile += item.padded * item.width) {
      std::fill(tile + item.extent.row * item.width, tile + item.padded * item.width, T{0});
    }
  }
};

template <class T, class Transformed>
void forward(const HyenaCall<T, Transformed>& call, const ConstRows& x, const Rows& y,
             const Executor& executor) {
  const auto& conv = call.conv;
  const auto& kernels = conv.filter.kernels();
  const auto& shorts = cpu::short_tile_kernels<T>();
  const std::int64_t groups = conv.groups(), together = conv.together(conv.batch, false, executor);
  const auto [q, k, v] = stream_order(call.filters.gate);
  cpu::spread((groups + together - 1) / together * conv.batch, conv.extent.row, executor,
              [&](std::int64_t begin, std::int64_t end, const Executor* team) {
                cpu::Scratch<T> scratch;
                const cpu::Workspace<T> work(scratch.get(0, conv.work_size(together, false)), team);
                T* tile = scratch.get(1, conv.tile_size(together));
                T* short_work = scratch.get(2, call.short_work());
                for (std::int64_t i = begin; i < end; ++i) {
                  const std::int64_t g = i / conv.batch * together,
                                     count = std::min(together, groups - g);
                  const auto item = conv.item(i % conv.batch, g, count);
                  shorts.fill(call.job(item, k, v, x, short_work), tile);
                  shorts.multiply(call.job(item, v, q, x, short_work), tile);
                  call.pad(item, tile);
                  kernels.convolve(conv.filter.arguments(), conv.spectrum(g), count, {}, {},
                                   {tile, item.width}, {tile, item.width}, work);
                  auto job = call.job(item, q, -1, x, short_work);
                  job.y = item.at(y, 0);
                  job.y_stride = y.row;
                  shorts.gate(job, tile);
                }
              });
}

/// `to_taps(sums, slices)` makes gradients of taps and bias from sums of spectra.
template <class T, class Transformed, class ToTaps>
void backward(const HyenaCall<T, Transformed>& call, const ConstRows& x, const ConstRows& dy,
              const HyenaConvGradients& out, const Executor& executor, ToTaps&& to_taps) {
  const auto& conv = call.conv;
  const auto& kernels = conv.filter.kernels();
  const auto& shorts = cpu::short_tile_kernels<T>();
  const std::int64_t groups = conv.groups(), size = conv.filter.group_size();
  const std::int64_t slices = cpu::batch_slices<T>(conv.batch, groups, size);
  const std::int64_t together = conv.together(slices, true, executor);
  const std::int64_t parts = (groups + together - 1) / together;
  const auto [q, k, v] = stream_order(call.filters.gate);
  cpu::AlignedBuffer<T> sums(slices * groups * size), shares(slices * call.layout.size());
  std::fill_n(shares.data(), slices * call.layout.size(), T{0});
  cpu::spread(slices * parts, conv.extent.row, executor,
              [&](std::int64_t begin, std::int64_t end, const Executor* team) {
                cpu::Scratch<T> scratch;
                const cpu::Workspace<T> work(scratch.get(0, conv.work_size(together, true)), team);
                std::array<T*, kStreams> tiles{};
                for (std::int64_t s = 0; s < kStreams; ++s) {
                  tiles[s] = scratch.get(1 + s, conv.tile_size(together));
                }
                T* dc = scratch.get(1 + kStreams, conv.tile_size(together));
                T* short_work = scratch.get(2 + kStreams, call.short_work());
                for (std::int64_t i = begin; i < end; ++i) {
                  const std::int64_t slice = i / parts, g = i % parts * together;
                  const std::int64_t count = std::min(together, groups - g);
                  T* sum = sums.data() + (slice * groups + g) * size;
                  const std::int64_t first = slice * conv.batch / slices;
                  if (conv.batch == 0) std::fill_n(sum, count * size, T{0});
                  for (std::int64_t b = first; b < (slice + 1) * conv.batch / slices; ++b) {
                    const auto item = conv.item(b, g, count);
                    std::array<cpu::ShortTileJob<T>, kStreams> jobs;
                    for (std::int64_t s = 0; s < kStreams; ++s)
                      jobs[s] = call.job(item, s, s == q ? k : s == k ? v : -1, x, short_work);
                    jobs[q].gate = item.at(dy, 0);
                    jobs[q].gate_stride = dy.row;
                    shorts.fill(jobs[q], dc);  // q ⊙ dy
                    shorts.fill(jobs[k], tiles[k]);
                    shorts.fill(jobs[v], tiles[v]);
                    for (T* tile : {dc, tiles[k], tiles[v]}) call.pad(item, tile);
                    // The gradients of k and v take the places of k and v; q's place gets the
                    // convolution.
                    const auto rows = [&](T* tile) { return cpu::Group<T>{tile, item.width}; };
                    const auto read = [&](const T* tile) {
                      return cpu::ConstGroup<T>{tile, item.width};
                    };
                    kernels.backward(conv.filter.arguments(), conv.spectrum(g), count,
                                     {.q = {},
                                      .k = read(tiles[k]),
                                      .v = read(tiles[v]),
                                      .dy = read(dc),
                                      .dq = rows(tiles[q]),
                                      .dk = rows(tiles[k]),
                                      .dv = rows(tiles[v]),
                                      .first = b == first},
                                     sum, work);
                    T* share = shares.data() + slice * call.layout.size();
                    for (std::int64_t s = 0; s < kStreams; ++s) {
                      jobs[s].y = item.at(call.part(out.dx, s), 0);
                      jobs[s].y_stride = out.dx.row;
                      shorts.backward(jobs[s], tiles[s], share + call.layout.at(s, 0, item.channel),
                                      share + call.layout.at(s, call.taps(), item.channel));
                    }
                  }
                }
              });
  to_taps(sums.data(), slices);
  const std::int64_t share = call.layout.size();
  for (std::int64_t slice = 1; slice < slices; ++slice) {
    for (std::int64_t i = 0; i < share; ++i) shares.data()[i] += shares.data()[slice * share + i];
  }
  call.layout.each(conv.channels, static_cast<T*>(out.dweight), static_cast<T*>(out.dshort_bias),
                   [&](T& value, std::int64_t at) { value = shares.data()[at]; });
}

template <class Filter, class F>
void with_type(const Filter& h, F&& f) {
  h.get().is_double ? f(double{}) : f(float{});
}

template <class T, class Spectrum>
auto call_of(const FftConvShape& shape, const Spectrum& spectrum, const ShortFilters& filters) {
  return HyenaCall<T, std::remove_cvref_t<decltype(spectrum.template as<T>())>>(shape, spectrum,
                                                                                filters);
}

template <class Filter>
void run_forward(const FftConvShape& shape, const Filter& h, const ShortFilters& filters,
                 const ConstRows& x, const Rows& y, const Executor& executor) {
  check("hyena_conv_forward", shape, h.get().is_double, filters, bool(x), bool(y), "y");
  with_type(h, [&](auto zero) {
    forward(call_of<decltype(zero)>(shape, h.get(), filters), x, y, executor);
  });
}

/// `extent`: what synthesise() asks for, a length or a grid.
template <class Filter, class Extent, class TapGradients>
void run_backward(const FftConvShape& shape, const Filter& h, const Extent& extent,
                  const ShortFilters& filters, const ConstRows& x, const ConstRows& dy,
                  const TapGradients& dh, const HyenaConvGradients& out, const Executor& executor) {
  const char* function = "hyena_conv_backward";
  check(function, shape, h.get().is_double, filters, bool(x), bool(dy), "dy");
  if (shape.batch > 0 && !out.dx) refuse(function, "dx is absent");
  with_type(h, [&](auto zero) {
    using T = decltype(zero);
    const auto call = call_of<T>(shape, h.get(), filters);
    backward(call, x, dy, out, executor, [&](const T* sums, std::int64_t slices) {
      if (!dh && out.dbias == nullptr) return;
      if constexpr (std::is_same_v<Extent, Grid2d>) {
        synthesise<T>(call.conv.filter, extent, h.channels(), sums, slices, dh,
                      static_cast<T*>(out.dbias), executor);
      } else {
        synthesise<T>(call.conv.filter, h.channels(), extent, sums, slices, dh,
                      static_cast<T*>(out.dbias), executor);
      }
    });
  });
}

}  // namespace

void hyena_conv_forward(const FftConvShape& shape, const FilterSpectrum& h,
                        const ShortFilters& filters, ConstRows x, Rows y,
                        const Executor& executor) {
  run_forward(shape, h, filters, x, y, executor);
}
void hyena_conv_forward(const FftConvShape& shape, const FilterSpectrum2d& h,
                        const ShortFilters& filters, ConstRows x, Rows y,
                        const Executor& executor) {
  run_forward(shape, h, filters, x, y, executor);
}

void hyena_conv_backward(const FftConvShape& shape, const FilterSpectrum& h,
                         const ShortFilters& filters, ConstRows x, ConstRows dy, const Taps& dh,
                         const HyenaConvGradients& gradients, const Executor& executor) {
  run_backward(shape, h, h.length(), filters, x, dy, dh, gradients, executor);
}
void hyena_conv_backward(const FftConvShape& shape, const FilterSpectrum2d& h,
                         const ShortFilters& filters, ConstRows x, ConstRows dy, const GridTaps& dh,
                         const HyenaConvGradients& gradients, const Executor& executor) {
  run_backward(shape, h, h.grid(), filters, x, dy, dh, gradients, executor);
}

}  // namespace hyena::kernels
