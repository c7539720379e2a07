#include "kernels/fftconv2d.h"

#include <algorithm>
#include <string>

#include "kernels/cpu/grid_spectrum.h"
#include "kernels/cpu/item.h"
#include "kernels/cpu/scratch.h"

namespace hyena::kernels {
namespace {

using cpu::batch_slices;
using cpu::Item;
using cpu::refuse;
using cpu::Scratch;

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
Item<T> item_of(Type type, const cpu::GridSpectrum& spectrum, std::int64_t batch, std::int64_t g) {
  const std::int64_t lanes = cpu::grid_kernels<T>().lanes;
  return {.type = type,
          .rows = spectrum.grid.height,
          .row = spectrum.grid.width,
          .padded = spectrum.as<T>().plan.row->size,
          .lanes = lanes,
          .used = std::min(lanes, spectrum.channels - g * lanes),
          .batch = batch,
          .channel = g * lanes};
}

template <class T>
void forward(std::int64_t batch, Type type, const cpu::GridSpectrum& spectrum, const ConstRows& q,
             const ConstRows& k, const ConstRows& v, const Rows& y, const Executor& executor) {
  const auto& kernels = cpu::grid_kernels<T>();
  const auto& transformed = spectrum.as<T>();
  const auto& plan = transformed.plan;
  const std::int64_t lanes = kernels.lanes, groups = (spectrum.channels + lanes - 1) / lanes;
  executor.run(groups * batch, [&](std::int64_t begin, std::int64_t end) {
    Scratch<T> scratch;
    T* work = scratch.get(0, kernels.work_size(plan));
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t g = i / batch;
      const Item<T> item = item_of<T>(type, spectrum, i % batch, g);
      const T* h = transformed.values.data() + g * transformed.group_size();
      if (item.direct()) {
        kernels.convolve(plan, h, item.in(q), item.in(k), item.in(v), item.out(y), work);
      } else {
        T* tile = scratch.get(1, lanes * plan.height * plan.row->size);
        item.pack(k, v, tile);
        kernels.convolve(plan, h, {}, {}, {tile, lanes}, {tile, lanes}, work);
        item.unpack(q, tile, y);
      }
    }
  });
}

template <class T>
void backward(std::int64_t batch, Type type, const cpu::GridSpectrum& spectrum, const ConstRows& q,
              const ConstRows& k, const ConstRows& v, const ConstRows& dy,
              const FftConv2dGradients& out, const Executor& executor) {
  const auto& kernels = cpu::grid_kernels<T>();
  const auto& transformed = spectrum.as<T>();
  const auto& plan = transformed.plan;
  const std::int64_t lanes = kernels.lanes, groups = (spectrum.channels + lanes - 1) / lanes;
  const std::int64_t size = transformed.group_size(), tile = lanes * plan.height * plan.row->size;
  const std::int64_t slices =
      batch_slices(batch, groups, groups * size * static_cast<std::int64_t>(sizeof(T)));
  cpu::AlignedBuffer<T> sums(slices * groups * size);

  executor.run(slices * groups, [&](std::int64_t begin, std::int64_t end) {
    Scratch<T> scratch;
    T* work = scratch.get(0, kernels.work_size(plan));
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t slice = i / groups, g = i % groups;
      const T* h = transformed.values.data() + g * size;
      T* sum = sums.data() + i * size;
      const std::int64_t first = slice * batch / slices;
      if (batch == 0) std::fill_n(sum, size, T{0});
      for (std::int64_t b = first; b < (slice + 1) * batch / slices; ++b) {
        const Item<T> item = item_of<T>(type, spectrum, b, g);
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
                           sum, work);
          continue;
        }
        T* u = scratch.get(1, tile);
        T* dc = scratch.get(2, tile);
        T* c = q ? scratch.get(3, tile) : nullptr;
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
                         sum, work);
        if (q) item.unpack(dy, c, out.dq);
        if (k) item.unpack(v, u, out.dk);
        item.unpack(k, u, out.dv);
      }
    }
  });
  if (out.dh || out.dbias != nullptr) {
    synthesise<T>(transformed, spectrum.grid, spectrum.channels, sums.data(), slices, out.dh,
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
    forward<double>(batch, type, h.get(), q, k, v, y, executor);
  } else {
    forward<float>(batch, type, h.get(), q, k, v, y, executor);
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
