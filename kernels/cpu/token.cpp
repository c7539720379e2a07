#include "kernels/cpu/token.h"

#include <algorithm>
#include <string>

#include "kernels/cpu/item.h"
#include "kernels/cpu/online_step.h"

namespace hyena::kernels {
namespace {

/// Calls f(first output, vectors, where its weights begin) for every block.
template <class T, class F>
void each_block(std::int64_t out, std::int64_t in, F&& f) {
  const auto& kernels = cpu::token_kernels<T>();
  std::int64_t at = 0;
  for (std::int64_t o = 0; o < out;) {
    const std::int64_t vectors = o + kernels.block * kernels.lanes <= out ? kernels.block : 1;
    f(o, vectors, at);
    o += vectors * kernels.lanes;
    at += vectors * kernels.lanes * in;
  }
}

template <class T>
std::int64_t padded(std::int64_t out) {
  const std::int64_t lanes = cpu::token_kernels<T>().lanes;
  return (out + lanes - 1) / lanes * lanes;
}

}  // namespace

template <class T>
PackedMatrix<T>::PackedMatrix(const T* weight, const T* bias, std::int64_t out, std::int64_t in)
    : out_(out), in_(in) {
  if (out < 1 || in < 1) {
    cpu::refuse("PackedMatrix", "a matrix must have 1 row and column or more, got " +
                                    std::to_string(out) + " x " + std::to_string(in));
  }
  weight_.resize(padded<T>(out) * in);
  bias_.resize(padded<T>(out));
  std::fill_n(bias_.data(), padded<T>(out), T{0});
  if (bias != nullptr) std::copy_n(bias, out, bias_.data());
  each_block<T>(out, in, [&](std::int64_t first, std::int64_t vectors, std::int64_t at) {
    const std::int64_t width = vectors * cpu::token_kernels<T>().lanes;
    for (std::int64_t k = 0; k < in; ++k) {
      for (std::int64_t o = 0; o < width; ++o) {
        weight_.data()[at + k * width + o] = first + o < out ? weight[(first + o) * in + k] : T{0};
      }
    }
  });
}

template <class T>
void PackedMatrix<T>::multiply(const T* x, std::int64_t rows, T* y,
                               const Executor& executor) const {
  const auto& kernels = cpu::token_kernels<T>();
  const std::int64_t width = kernels.block * kernels.lanes, whole = out_ / width;
  const auto block = [&](std::int64_t first, std::int64_t vectors) {
    kernels.product(weight_.data() + first * in_, bias_.data() + first, vectors, in_, x, rows,
                    y + first, out_, std::min(vectors * kernels.lanes, out_ - first));
  };
  // A thread must have enough to read to be worth waking.
  constexpr std::int64_t kPays = std::int64_t{1} << 18;
  if (executor.threads() > 1 && out_ * in_ >= kPays) {
    executor.run(whole, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t b = begin; b < end; ++b) block(b * width, kernels.block);
    });
  } else {
    for (std::int64_t b = 0; b < whole; ++b) block(b * width, kernels.block);
  }
  for (std::int64_t o = whole * width; o < out_; o += kernels.lanes) block(o, 1);
}

template <class T>
void add_into(const T* x, std::int64_t count, T* y) {
  cpu::token_kernels<T>().add(x, count, y);
}
template <class T>
void multiply_into(const T* a, const T* b, std::int64_t count, T* y) {
  cpu::token_kernels<T>().multiply(a, b, count, y);
}
template <class T>
void sum_taps(const T* h, const T* x, std::int64_t taps, std::int64_t width, const T* start, T* y) {
  cpu::online_kernels<T>().dot(h, x, taps, width, start, y);
}
template <class T>
void layer_norm(const T* x, std::int64_t rows, std::int64_t width, const T* weight, const T* bias,
                double eps, T* y) {
  for (std::int64_t r = 0; r < rows; ++r) {
    cpu::token_kernels<T>().norm(x + r * width, width, weight, bias, eps, y + r * width);
  }
}
template <class T>
void activate(Activation activation, std::int64_t count, T* x) {
  cpu::token_kernels<T>().activate(activation, count, x);
}
template <class T>
void attend(const T* q, const T* keys, const T* values, std::int64_t positions, std::int64_t heads,
            std::int64_t head_dim, T* scores, T* y) {
  for (std::int64_t h = 0; h < heads; ++h) {
    const std::int64_t first = h * head_dim;
    cpu::token_kernels<T>().attend(q + first, keys + first, values + first, positions, head_dim,
                                   heads * head_dim, scores, y + first);
  }
}

#define HYENA_INSTANTIATE(T)                                                                       \
  template class PackedMatrix<T>;                                                                  \
  template void add_into(const T*, std::int64_t, T*);                                              \
  template void multiply_into(const T*, const T*, std::int64_t, T*);                               \
  template void sum_taps(const T*, const T*, std::int64_t, std::int64_t, const T*, T*);            \
  template void layer_norm(const T*, std::int64_t, std::int64_t, const T*, const T*, double, T*);  \
  template void activate(Activation, std::int64_t, T*);                                            \
  template void attend(const T*, const T*, const T*, std::int64_t, std::int64_t, std::int64_t, T*, \
                       T*);
HYENA_INSTANTIATE(float)
HYENA_INSTANTIATE(double)

}  // namespace hyena::kernels
