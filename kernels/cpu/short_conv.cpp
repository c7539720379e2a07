#include "kernels/short_conv.h"

#include <algorithm>
#include <string>
#include <vector>

#include "kernels/cpu/item.h"
#include "kernels/cpu/short_group.h"

namespace hyena::kernels {
namespace {

using cpu::bytes_of;
using cpu::refuse;
using cpu::ShortJob;

void check(const char* function, const ShortConvShape& s, const void* weight) {
  const auto positive = [&](std::int64_t value, const char* what) {
    if (value < 1) {
      refuse(function, std::string(what) + " must be at least 1, got " + std::to_string(value));
    }
  };
  if (s.batch < 0) refuse(function, "batch is negative: " + std::to_string(s.batch));
  positive(s.height, "height");
  positive(s.width, "width");
  positive(s.channels, "channels");
  positive(s.kernel_height, "kernel height");
  positive(s.kernel_width, "kernel width");
  if (s.centre_row < 0 || s.centre_row >= s.kernel_height || s.centre_column < 0 ||
      s.centre_column >= s.kernel_width) {
    refuse(function, "centre must be one of the " + std::to_string(s.kernel_height) + " x " +
                         std::to_string(s.kernel_width) + " taps, got (" +
                         std::to_string(s.centre_row) + ", " + std::to_string(s.centre_column) +
                         ")");
  }
  if (weight == nullptr) refuse(function, "there are no weights");
}

/// (C, taps) → (taps, C), the taps turned around where the transposed convolution is wanted.
template <class T>
std::vector<T> by_tap(const T* weight, std::int64_t channels, std::int64_t taps, bool turned) {
  std::vector<T> out(static_cast<std::size_t>(channels * taps));
  for (std::int64_t c = 0; c < channels; ++c) {
    for (std::int64_t a = 0; a < taps; ++a) {
      out[static_cast<std::size_t>((turned ? taps - 1 - a : a) * channels + c)] =
          weight[c * taps + a];
    }
  }
  return out;
}

template <class Pointer>
auto* signal(const RowsOf<Pointer>& rows, std::int64_t b, Type type) {
  using Byte = std::conditional_t<std::is_same_v<Pointer, void*>, char, const char>;
  return rows ? static_cast<Byte*>(rows.data) + b * rows.batch * bytes_of(type) : nullptr;
}

template <class T>
ShortJob<T> job_of(const ShortConvShape& s) {
  return {.type = s.type,
          .height = s.height,
          .width = s.width,
          .channels = s.channels,
          .kernel_height = s.kernel_height,
          .kernel_width = s.kernel_width,
          .centre_row = s.centre_row,
          .centre_column = s.centre_column};
}

template <class T>
void convolve(const ShortConvShape& s, const ConstRows& x, const std::vector<T>& weight,
              const T* bias, const Rows& y, const Executor& executor) {
  executor.run(s.batch * s.height, [&](std::int64_t begin, std::int64_t end) {
    ShortJob<T> job = job_of<T>(s);
    job.weight = weight.data();
    job.bias = bias;
    job.x_stride = x.row;
    job.y_stride = y.row;
    while (begin < end) {  // whole signals, or the rows of one that are ours
      const std::int64_t b = begin / s.height, first = begin % s.height;
      const std::int64_t last = std::min(s.height, first + end - begin);
      job.x = signal(x, b, s.type);
      job.y = signal(y, b, s.type);
      cpu::short_kernels<T>().forward(job, first, last);
      begin += last - first;
    }
  });
}

template <class T>
void weight_gradient(const ShortConvShape& s, const ConstRows& x, const ConstRows& dy, T* dweight,
                     T* dbias, const Executor& executor) {
  const std::int64_t taps = s.kernel_height * s.kernel_width, size = (taps + 1) * s.channels;
  const std::int64_t slices = cpu::batch_slices<T>(s.batch, 1, size);
  std::vector<T> sums(static_cast<std::size_t>(slices * size), T{0});
  executor.run(slices, [&](std::int64_t begin, std::int64_t end) {
    ShortJob<T> job = job_of<T>(s);
    job.x_stride = x.row;
    job.dy_stride = dy.row;
    for (std::int64_t slice = begin; slice < end; ++slice) {
      T* sum = sums.data() + slice * size;
      for (std::int64_t b = slice * s.batch / slices; b < (slice + 1) * s.batch / slices; ++b) {
        job.x = signal(x, b, s.type);
        job.dy = signal(dy, b, s.type);
        cpu::short_kernels<T>().weight_gradient(job, sum, sum + taps * s.channels);
      }
    }
  });
  for (std::int64_t slice = 1; slice < slices; ++slice) {
    for (std::int64_t i = 0; i < size; ++i) sums[i] += sums[slice * size + i];
  }
  for (std::int64_t c = 0; c < s.channels; ++c) {
    for (std::int64_t a = 0; dweight != nullptr && a < taps; ++a) {
      dweight[c * taps + a] = sums[a * s.channels + c];
    }
    if (dbias != nullptr) dbias[c] = sums[taps * s.channels + c];
  }
}

template <class T>
void backward(const ShortConvShape& s, const ConstRows& x, const T* weight, const ConstRows& dy,
              const Rows& dx, T* dweight, T* dbias, const Executor& executor) {
  if (dx) {
    ShortConvShape turned = s;
    turned.centre_row = s.kernel_height - 1 - s.centre_row;
    turned.centre_column = s.kernel_width - 1 - s.centre_column;
    const auto taps = by_tap(weight, s.channels, s.kernel_height * s.kernel_width, true);
    convolve<T>(turned, dy, taps, nullptr, dx, executor);
  }
  if (dweight != nullptr || dbias != nullptr) {
    weight_gradient<T>(s, x, dy, dweight, dbias, executor);
  }
}

}  // namespace

void short_conv_forward(const ShortConvShape& shape, ConstRows x, const void* weight,
                        const void* bias, Rows y, const Executor& executor) {
  check("short_conv_forward", shape, weight);
  if (shape.batch > 0 && !x) refuse("short_conv_forward", "x is absent");
  if (shape.batch > 0 && !y) refuse("short_conv_forward", "y is absent");
  const auto run = [&](auto zero) {
    using T = decltype(zero);
    const auto taps = by_tap(static_cast<const T*>(weight), shape.channels,
                             shape.kernel_height * shape.kernel_width, false);
    convolve<T>(shape, x, taps, static_cast<const T*>(bias), y, executor);
  };
  shape.type == Type::kFloat64 ? run(double{}) : run(float{});
}

void short_conv_backward(const ShortConvShape& shape, ConstRows x, const void* weight, ConstRows dy,
                         Rows dx, void* dweight, void* dbias, const Executor& executor) {
  check("short_conv_backward", shape, weight);
  if (shape.batch > 0 && !x) refuse("short_conv_backward", "x is absent");
  if (shape.batch > 0 && !dy) refuse("short_conv_backward", "dy is absent");
  const auto run = [&](auto zero) {
    using T = decltype(zero);
    backward<T>(shape, x, static_cast<const T*>(weight), dy, dx, static_cast<T*>(dweight),
                static_cast<T*>(dbias), executor);
  };
  shape.type == Type::kFloat64 ? run(double{}) : run(float{});
}

}  // namespace hyena::kernels
