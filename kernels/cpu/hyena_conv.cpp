#include "kernels/hyena_conv.h"

#include <algorithm>
#include <array>
#include <string>

#include "kernels/cpu/gated.h"
#include "kernels/cpu/short_tile.h"
#include "kernels/cpu/spectrum.h"

namespace hyena::kernels {
namespace {

using cpu::refuse;

constexpr std::int64_t kMostTaps = 16;
enum Stream : std::int64_t { kQ, kK, kV, kStreams };

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

void check(const char* function, const FftConvShape& shape, const FilterSpectrum& h,
           const ShortFilters& filters, bool x, bool output, const char* output_name) {
  cpu::check(function, shape.batch, shape.type, h.get().is_double, x, output, output_name);
  if (filters.weight == nullptr) refuse(function, "the short filters have no weights");
  if (filters.taps < 1 || filters.taps > kMostTaps) {
    refuse(function, "short filters have 1 to 16 taps, got " + std::to_string(filters.taps));
  }
  if (filters.centre < 0 || filters.centre >= filters.taps) {
    refuse(function, "centre must be one of the " + std::to_string(filters.taps) + " taps, got " +
                         std::to_string(filters.centre));
  }
}

/// A call with its short filters.
template <class T>
struct HyenaCall {
  cpu::Call<T, cpu::SpectrumOf<T>> conv;
  ShortFilters filters;
  ByTap<T> layout;
  cpu::AlignedBuffer<T> values;

  HyenaCall(const FftConvShape& shape, const cpu::Spectrum& spectrum, const ShortFilters& f)
      : conv{spectrum.as<T>(), shape.type, shape.batch, spectrum.channels, spectrum.extent()},
        filters(f),
        layout(f.taps, conv.groups() * conv.lanes()),
        values(layout.size()) {
    std::fill_n(values.data(), layout.size(), T{0});
    layout.each(conv.channels, static_cast<const T*>(f.weight), static_cast<const T*>(f.bias),
                [&](T value, std::int64_t at) { values.data()[at] = value; });
  }

  cpu::ShortTileJob<T> job(const cpu::Item<T>& item, Stream stream, const ConstRows& x) const {
    ConstRows part = x;
    part.data =
        static_cast<const char*>(x.data) + stream * conv.channels * cpu::bytes_of(conv.type);
    return {.type = conv.type,
            .length = conv.extent.row,
            .channels = item.used,
            .tile_stride = item.width,
            .taps = filters.taps,
            .centre = filters.centre,
            .weight = values.data() + layout.at(stream, 0, item.channel),
            .bias = values.data() + layout.at(stream, filters.taps, item.channel),
            .weight_stride = layout.width(),
            .x = item.at(part, 0),
            .x_stride = x.row};
  }
  /// Zeros behind the end of a line that is transformed as a longer one.
  void pad(const cpu::Item<T>& item, T* tile) const {
    std::fill(tile + item.extent.row * item.width, tile + item.padded * item.width, T{0});
  }
};

template <class T>
void forward(const HyenaCall<T>& call, const ConstRows& x, const Rows& y,
             const Executor& executor) {
  const auto& conv = call.conv;
  const auto& kernels = conv.filter.kernels();
  const auto& shorts = cpu::short_tile_kernels<T>();
  const std::int64_t groups = conv.groups(), together = conv.together(conv.batch, false, executor);
  executor.run(
      (groups + together - 1) / together * conv.batch, [&](std::int64_t begin, std::int64_t end) {
        cpu::Scratch<T> scratch;
        T* work = scratch.get(0, conv.work_size(together, false));
        T* tile = scratch.get(1, conv.tile_size(together));
        for (std::int64_t i = begin; i < end; ++i) {
          const std::int64_t g = i / conv.batch * together, count = std::min(together, groups - g);
          const auto item = conv.item(i % conv.batch, g, count);
          shorts.fill(call.job(item, kK, x), tile);
          shorts.multiply(call.job(item, kV, x), tile);
          call.pad(item, tile);
          kernels.convolve(conv.filter.arguments(), conv.spectrum(g), count, {}, {},
                           {tile, item.width}, {tile, item.width}, work);
          auto job = call.job(item, kQ, x);
          job.y = item.at(y, 0);
          job.y_stride = y.row;
          shorts.gate(job, tile);
        }
      });
}

template <class T>
void backward(const HyenaCall<T>& call, const ConstRows& x, const ConstRows& dy,
              const HyenaConvGradients& out, std::int64_t length, const Executor& executor) {
  const auto& conv = call.conv;
  const auto& kernels = conv.filter.kernels();
  const auto& shorts = cpu::short_tile_kernels<T>();
  const std::int64_t groups = conv.groups(), size = conv.filter.group_size();
  const std::int64_t slices = cpu::batch_slices<T>(conv.batch, groups, size);
  const std::int64_t together = conv.together(slices, true, executor);
  const std::int64_t parts = (groups + together - 1) / together;
  cpu::AlignedBuffer<T> sums(slices * groups * size), shares(slices * call.layout.size());
  std::fill_n(shares.data(), slices * call.layout.size(), T{0});
  executor.run(slices * parts, [&](std::int64_t begin, std::int64_t end) {
    cpu::Scratch<T> scratch;
    T* work = scratch.get(0, conv.work_size(together, true));
    std::array<T*, kStreams> tiles{};
    for (std::int64_t s = 0; s < kStreams; ++s) {
      tiles[s] = scratch.get(1 + s, conv.tile_size(together));
    }
    T* dc = scratch.get(1 + kStreams, conv.tile_size(together));
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t slice = i / parts, g = i % parts * together;
      const std::int64_t count = std::min(together, groups - g);
      T* sum = sums.data() + (slice * groups + g) * size;
      const std::int64_t first = slice * conv.batch / slices;
      if (conv.batch == 0) std::fill_n(sum, count * size, T{0});
      for (std::int64_t b = first; b < (slice + 1) * conv.batch / slices; ++b) {
        const auto item = conv.item(b, g, count);
        std::array<cpu::ShortTileJob<T>, kStreams> jobs{
            call.job(item, kQ, x), call.job(item, kK, x), call.job(item, kV, x)};
        jobs[kQ].gate = item.at(dy, 0);
        jobs[kQ].gate_stride = dy.row;
        shorts.fill(jobs[kQ], dc);  // q ⊙ dy
        shorts.fill(jobs[kK], tiles[kK]);
        shorts.fill(jobs[kV], tiles[kV]);
        for (T* tile : {dc, tiles[kK], tiles[kV]}) call.pad(item, tile);
        // The gradients of k and v take the places of k and v; q's place gets the convolution.
        const auto rows = [&](T* tile) { return cpu::Group<T>{tile, item.width}; };
        const auto read = [&](const T* tile) { return cpu::ConstGroup<T>{tile, item.width}; };
        kernels.backward(conv.filter.arguments(), conv.spectrum(g), count,
                         {.q = {},
                          .k = read(tiles[kK]),
                          .v = read(tiles[kV]),
                          .dy = read(dc),
                          .dq = rows(tiles[kQ]),
                          .dk = rows(tiles[kK]),
                          .dv = rows(tiles[kV]),
                          .first = b == first},
                         sum, work);
        T* share = shares.data() + slice * call.layout.size();
        for (std::int64_t s = 0; s < kStreams; ++s) {
          Rows part = out.dx;
          part.data =
              static_cast<char*>(out.dx.data) + s * conv.channels * cpu::bytes_of(conv.type);
          jobs[s].y = item.at(part, 0);
          jobs[s].y_stride = out.dx.row;
          shorts.backward(jobs[s], tiles[s], share + call.layout.at(s, 0, item.channel),
                          share + call.layout.at(s, call.filters.taps, item.channel));
        }
      }
    }
  });
  if (out.dh || out.dbias != nullptr) {
    synthesise<T>(conv.filter, conv.channels, length, sums.data(), slices, out.dh,
                  static_cast<T*>(out.dbias), executor);
  }
  const std::int64_t share = call.layout.size();
  for (std::int64_t slice = 1; slice < slices; ++slice) {
    for (std::int64_t i = 0; i < share; ++i) shares.data()[i] += shares.data()[slice * share + i];
  }
  call.layout.each(conv.channels, static_cast<T*>(out.dweight), static_cast<T*>(out.dshort_bias),
                   [&](T& value, std::int64_t at) { value = shares.data()[at]; });
}

}  // namespace

void hyena_conv_forward(const FftConvShape& shape, const FilterSpectrum& h,
                        const ShortFilters& filters, ConstRows x, Rows y,
                        const Executor& executor) {
  check("hyena_conv_forward", shape, h, filters, bool(x), bool(y), "y");
  if (h.get().is_double) {
    forward(HyenaCall<double>(shape, h.get(), filters), x, y, executor);
  } else {
    forward(HyenaCall<float>(shape, h.get(), filters), x, y, executor);
  }
}

void hyena_conv_backward(const FftConvShape& shape, const FilterSpectrum& h,
                         const ShortFilters& filters, ConstRows x, ConstRows dy,
                         const HyenaConvGradients& gradients, const Executor& executor) {
  check("hyena_conv_backward", shape, h, filters, bool(x), bool(dy), "dy");
  if (shape.batch > 0 && !gradients.dx) refuse("hyena_conv_backward", "dx is absent");
  if (h.get().is_double) {
    backward(HyenaCall<double>(shape, h.get(), filters), x, dy, gradients, h.length(), executor);
  } else {
    backward(HyenaCall<float>(shape, h.get(), filters), x, dy, gradients, h.length(), executor);
  }
}

}  // namespace hyena::kernels
