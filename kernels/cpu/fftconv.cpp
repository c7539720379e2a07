#include "kernels/fftconv.h"

#include <algorithm>
#include <string>

#include "kernels/cpu/gated.h"
#include "kernels/cpu/spectrum.h"

namespace hyena::kernels {
namespace {

using cpu::batch_slices;
using cpu::refuse;

void check(const ConstTaps& h, std::int64_t length, std::int64_t channels) {
  const char* function = "FilterSpectrum";
  if (length < 1) refuse(function, "length must be at least 1, got " + std::to_string(length));
  if (channels < 1)
    refuse(function, "channels must be at least 1, got " + std::to_string(channels));
  if (!h) refuse(function, "there are no taps");
  if (h.count < 1) refuse(function, "a filter needs a tap, got " + std::to_string(h.count));
  if (h.rows < 1 || channels % h.rows != 0) {
    refuse(function, "rows of taps must divide the " + std::to_string(channels) +
                         " channels, got " + std::to_string(h.rows));
  }
  if (h.centre < 0 || h.centre >= h.count) {
    refuse(function, "centre must be one of the " + std::to_string(h.count) + " taps, got " +
                         std::to_string(h.centre));
  }
}

template <class T>
cpu::Call<T, cpu::SpectrumOf<T>> call_of(const FftConvShape& shape, const cpu::Spectrum& spectrum) {
  return {spectrum.as<T>(), shape.type, shape.batch, spectrum.channels, spectrum.extent()};
}

template <class T>
void backward(const FftConvShape& shape, const cpu::Spectrum& spectrum, const ConstRows& q,
              const ConstRows& k, const ConstRows& v, const ConstRows& dy,
              const FftConvGradients& out, const Executor& executor) {
  const auto call = call_of<T>(shape, spectrum);
  const std::int64_t slices = batch_slices<T>(shape.batch, call.groups(), call.filter.group_size());
  const auto sums = gated_backward(call, q, k, v, dy, out, slices, executor);
  if (out.dh || out.dbias != nullptr) {
    synthesise<T>(call.filter, spectrum.channels, spectrum.length, sums.data(), slices, out.dh,
                  static_cast<T*>(out.dbias), executor);
  }
}

}  // namespace

FilterSpectrum::FilterSpectrum(const ConstTaps& h, const void* bias, std::int64_t length,
                               std::int64_t channels, Type type, const Executor& executor) {
  check(h, length, channels);
  auto spectrum = std::make_shared<cpu::Spectrum>();
  spectrum->length = length;
  spectrum->channels = channels;
  spectrum->is_double = type == Type::kFloat64;
  if (spectrum->is_double) {
    spectrum->f64 = cpu::analyse(h, static_cast<const double*>(bias), length, channels, executor);
  } else {
    spectrum->f32 = cpu::analyse(h, static_cast<const float*>(bias), length, channels, executor);
  }
  spectrum_ = std::move(spectrum);
}

std::int64_t FilterSpectrum::length() const {
  return spectrum_->length;
}
std::int64_t FilterSpectrum::channels() const {
  return spectrum_->channels;
}

void fftconv_forward(const FftConvShape& shape, const FilterSpectrum& h, ConstRows q, ConstRows k,
                     ConstRows v, Rows y, const Executor& executor) {
  cpu::check("fftconv_forward", shape.batch, shape.type, h.get().is_double, bool(v), bool(y), "y");
  if (h.get().is_double) {
    gated_forward(call_of<double>(shape, h.get()), q, k, v, y, executor);
  } else {
    gated_forward(call_of<float>(shape, h.get()), q, k, v, y, executor);
  }
}

void fftconv_backward(const FftConvShape& shape, const FilterSpectrum& h, ConstRows q, ConstRows k,
                      ConstRows v, ConstRows dy, const FftConvGradients& gradients,
                      const Executor& executor) {
  cpu::check("fftconv_backward", shape.batch, shape.type, h.get().is_double, bool(v), bool(dy),
             "dy");
  cpu::check("fftconv_backward", shape.batch, q, k, gradients.dq, gradients.dk, gradients.dv);
  if (h.get().is_double) {
    backward<double>(shape, h.get(), q, k, v, dy, gradients, executor);
  } else {
    backward<float>(shape, h.get(), q, k, v, dy, gradients, executor);
  }
}

}  // namespace hyena::kernels
