#include "kernels/fftconv2d.h"

#include <algorithm>
#include <string>

#include "kernels/cpu/gated.h"
#include "kernels/cpu/grid_spectrum.h"

namespace hyena::kernels {
namespace {

using cpu::batch_slices;
using cpu::refuse;

void check(const ConstGridTaps& h, const Grid2d& grid, std::int64_t channels) {
  const char* function = "FilterSpectrum2d";
  const auto pair = [](std::int64_t a, std::int64_t b) {
    return std::to_string(a) + " x " + std::to_string(b);
  };
  if (grid.height < 1 || grid.width < 1) {
    refuse(function, "a grid must be at least 1 x 1, got " + pair(grid.height, grid.width));
  }
  if (channels < 1) {
    refuse(function, "channels must be at least 1, got " + std::to_string(channels));
  }
  if (!h) refuse(function, "there are no taps");
  if (h.height < 1 || h.width < 1) {
    refuse(function, "a filter needs a tap, got " + pair(h.height, h.width));
  }
  if (h.rows < 1 || channels % h.rows != 0) {
    refuse(function, "rows of taps must divide the " + std::to_string(channels) +
                         " channels, got " + std::to_string(h.rows));
  }
  if (h.centre_row < 0 || h.centre_row >= h.height || h.centre_column < 0 ||
      h.centre_column >= h.width) {
    refuse(function, "centre must be one of the " + pair(h.height, h.width) + " taps, got (" +
                         std::to_string(h.centre_row) + ", " + std::to_string(h.centre_column) +
                         ")");
  }
}

template <class T>
cpu::Call<T, cpu::GridSpectrumOf<T>> call_of(std::int64_t batch, Type type,
                                             const cpu::GridSpectrum& spectrum) {
  return {spectrum.as<T>(), type, batch, spectrum.channels, spectrum.extent()};
}

template <class T>
void backward(std::int64_t batch, Type type, const cpu::GridSpectrum& spectrum, const ConstRows& q,
              const ConstRows& k, const ConstRows& v, const ConstRows& dy,
              const FftConv2dGradients& out, const Executor& executor) {
  const auto call = call_of<T>(batch, type, spectrum);
  const std::int64_t slices = batch_slices<T>(batch, call.groups(), call.filter.group_size());
  const auto sums = gated_backward(call, q, k, v, dy, out, slices, executor);
  if (out.dh || out.dbias != nullptr) {
    synthesise<T>(call.filter, spectrum.grid, spectrum.channels, sums.data(), slices, out.dh,
                  static_cast<T*>(out.dbias), executor);
  }
}

}  // namespace

FilterSpectrum2d::FilterSpectrum2d(const ConstGridTaps& h, const void* bias, const Grid2d& grid,
                                   std::int64_t channels, Type type, const Executor& executor) {
  check(h, grid, channels);
  auto spectrum = std::make_shared<cpu::GridSpectrum>();
  spectrum->grid = grid;
  spectrum->channels = channels;
  spectrum->is_double = type == Type::kFloat64;
  if (spectrum->is_double) {
    spectrum->f64 = cpu::analyse(h, static_cast<const double*>(bias), grid, channels, executor);
  } else {
    spectrum->f32 = cpu::analyse(h, static_cast<const float*>(bias), grid, channels, executor);
  }
  spectrum_ = std::move(spectrum);
}

const Grid2d& FilterSpectrum2d::grid() const {
  return spectrum_->grid;
}
std::int64_t FilterSpectrum2d::channels() const {
  return spectrum_->channels;
}

void fftconv2d_forward(std::int64_t batch, Type type, const FilterSpectrum2d& h, ConstRows q,
                       ConstRows k, ConstRows v, Rows y, const Executor& executor) {
  cpu::check("fftconv2d_forward", batch, type, h.get().is_double, bool(v), bool(y), "y");
  if (h.get().is_double) {
    gated_forward(call_of<double>(batch, type, h.get()), q, k, v, y, executor);
  } else {
    gated_forward(call_of<float>(batch, type, h.get()), q, k, v, y, executor);
  }
}

void fftconv2d_backward(std::int64_t batch, Type type, const FilterSpectrum2d& h, ConstRows q,
                        ConstRows k, ConstRows v, ConstRows dy, const FftConv2dGradients& gradients,
                        const Executor& executor) {
  const char* function = "fftconv2d_backward";
  cpu::check(function, batch, type, h.get().is_double, bool(v), bool(dy), "dy");
  cpu::check(function, batch, q, k, gradients.dq, gradients.dk, gradients.dv);
  if (h.get().is_double) {
    backward<double>(batch, type, h.get(), q, k, v, dy, gradients, executor);
  } else {
    backward<float>(batch, type, h.get(), q, k, v, dy, gradients, executor);
  }
}

}  // namespace hyena::kernels
