#include "kernels/fftconv.h"

#include <algorithm>
#include <string>

#include "kernels/cpu/item.h"
#include "kernels/cpu/scratch.h"
#include "kernels/cpu/spectrum.h"

namespace hyena::kernels {
namespace {

using cpu::batch_slices;
using cpu::Item;
using cpu::refuse;
using cpu::Scratch;

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
Item<T> item_of(Type type, const cpu::Spectrum& spectrum, std::int64_t batch, std::int64_t g) {
  const std::int64_t lanes = cpu::group_kernels<T>().lanes;
  return {.type = type,
          .rows = 1,
          .row = spectrum.length,
          .padded = spectrum.as<T>().plan->size,
          .lanes = lanes,
          .used = std::min(lanes, spectrum.channels - g * lanes),
          .batch = batch,
          .channel = g * lanes};
}

template <class T>
void forward(const FftConvShape& shape, const cpu::Spectrum& spectrum, const ConstRows& q,
             const ConstRows& k, const ConstRows& v, const Rows& y, const Executor& executor) {
  const auto& kernels = cpu::group_kernels<T>();
  const auto& transformed = spectrum.as<T>();
  const auto& plan = *transformed.plan;
  const std::int64_t lanes = kernels.lanes, groups = (spectrum.channels + lanes - 1) / lanes;
  // Groups outermost: a spectrum stays in the cache for the whole batch.
  executor.run(groups * shape.batch, [&](std::int64_t begin, std::int64_t end) {
    Scratch<T> scratch;
    T* work = scratch.get(0, 2 * lanes * plan.stored);
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t g = i / shape.batch;
      const Item<T> item = item_of<T>(shape.type, spectrum, i % shape.batch, g);
      const T* h = transformed.values.data() + g * transformed.group_size();
      if (item.direct()) {
        kernels.convolve(plan, h, item.in(q), item.in(k), item.in(v), item.out(y), work);
      } else {
        T* tile = scratch.get(1, lanes * plan.size);
        item.pack(k, v, tile);
        kernels.convolve(plan, h, {}, {}, {tile, lanes}, {tile, lanes}, work);
        item.unpack(q, tile, y);
      }
    }
  });
}

template <class T>
void backward(const FftConvShape& shape, const cpu::Spectrum& spectrum, const ConstRows& q,
              const ConstRows& k, const ConstRows& v, const ConstRows& dy,
              const FftConvGradients& out, const Executor& executor) {
  const auto& kernels = cpu::group_kernels<T>();
  const auto& transformed = spectrum.as<T>();
  const auto& plan = *transformed.plan;
  const std::int64_t lanes = kernels.lanes, groups = (spectrum.channels + lanes - 1) / lanes;
  const std::int64_t size = transformed.group_size();
  const std::int64_t slices =
      batch_slices(shape.batch, groups, groups * size * static_cast<std::int64_t>(sizeof(T)));
  cpu::AlignedBuffer<T> sums(slices * groups * size);

  executor.run(slices * groups, [&](std::int64_t begin, std::int64_t end) {
    Scratch<T> scratch;
    T* work = scratch.get(0, 2 * lanes * plan.stored);
    T* kept = scratch.get(1, size);
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t slice = i / groups, g = i % groups;
      const T* h = transformed.values.data() + g * size;
      T* sum = sums.data() + i * size;
      const std::int64_t first = slice * shape.batch / slices;
      if (shape.batch == 0) std::fill_n(sum, size, T{0});
      for (std::int64_t b = first; b < (slice + 1) * shape.batch / slices; ++b) {
        const Item<T> item = item_of<T>(shape.type, spectrum, b, g);
        if (item.direct()) {
          kernels.backward(plan, h,
                           {.q = item.in(q),
                            .k = item.in(k),
                            .v = item.in(v),
                            .dy = item.in(dy),
                            .dq = item.out(q ? out.dq : Rows{}),
                            .dk = item.out(out.dk),
                            .dv = item.out(out.dv),
                            .first = b == first},
                           sum, kept, work);
          continue;
        }
        T* u = scratch.get(2, lanes * plan.size);
        T* dc = scratch.get(3, lanes * plan.size);
        T* c = q ? scratch.get(4, lanes * plan.size) : nullptr;
        item.pack(k, v, u);
        item.pack(q, dy, dc);
        kernels.backward(plan, h,
                         {.q = {},
                          .k = {},
                          .v = {u, lanes},
                          .dy = {dc, lanes},
                          .dq = {c, lanes},
                          .dk = {},
                          .dv = {u, lanes},
                          .first = b == first},
                         sum, kept, work);
        if (q) item.unpack(dy, c, out.dq);
        if (k) item.unpack(v, u, out.dk);
        item.unpack(k, u, out.dv);
      }
    }
  });
  if (out.dh || out.dbias != nullptr) {
    synthesise<T>(transformed, spectrum.channels, spectrum.length, sums.data(), slices, out.dh,
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
    forward<double>(shape, h.get(), q, k, v, y, executor);
  } else {
    forward<float>(shape, h.get(), q, k, v, y, executor);
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
