#include <cmath>
#include <complex>
#include <cstring>
#include <stdexcept>
#include <utility>
#include <vector>

#include "kernels/cuda/cufft_callbacks.cuh"
#include "kernels/cuda/cufft_plans.h"
#include "kernels/cuda/launch.h"

/// cuFFT's part on the CPU: the sums of the definition in float64, split at the prime factors of
/// the length, with the library's own callbacks called for each element.
namespace hyena::kernels::cuda::cufft {
namespace {

using Complex = std::complex<double>;
using Values = std::vector<Complex>;

/// X[f] = Σ x[n] · exp(sign · 2πi · f · n / N).
Values transform(const Values& x, int sign) {
  const std::size_t n = x.size();
  std::size_t factor = 2;
  while (factor * factor <= n && n % factor != 0) ++factor;
  if (n % factor != 0 || n == 1) factor = n;
  const auto turn = [&](std::size_t i) {
    return std::polar(1.0, sign * 2 * M_PI * static_cast<double>(i % n) / static_cast<double>(n));
  };
  Values result(n);
  if (factor == n) {
    for (std::size_t f = 0; f < n; ++f) {
      for (std::size_t i = 0; i < n; ++i) result[f] += x[i] * turn(f * i);
    }
    return result;
  }
  const std::size_t rest = n / factor;
  std::vector<Values> parts;
  for (std::size_t p = 0; p < factor; ++p) {
    Values part(rest);
    for (std::size_t i = 0; i < rest; ++i) part[i] = x[i * factor + p];
    parts.push_back(transform(part, sign));
  }
  for (std::size_t f = 0; f < n; ++f) {
    for (std::size_t p = 0; p < factor; ++p) result[f] += parts[p][f % rest] * turn(f * p);
  }
  return result;
}

/// All of one grid, rows and columns.
void transform_grid(Values& x, std::size_t height, std::size_t width, int sign) {
  for (std::size_t i = 0; i < height; ++i) {
    Values row(x.begin() + static_cast<std::ptrdiff_t>(i * width),
               x.begin() + static_cast<std::ptrdiff_t>((i + 1) * width));
    row = transform(row, sign);
    std::copy(row.begin(), row.end(), x.begin() + static_cast<std::ptrdiff_t>(i * width));
  }
  if (height == 1) return;
  for (std::size_t j = 0; j < width; ++j) {
    Values column(height);
    for (std::size_t i = 0; i < height; ++i) column[i] = x[i * width + j];
    column = transform(column, sign);
    for (std::size_t i = 0; i < height; ++i) x[i * width + j] = column[i];
  }
}

/// A callback on the runtime that watches accesses: one thread for 64 elements.
template <class Element, Element (*Load)(const void*, unsigned long long)>
struct CallLoad {
  static constexpr int kThreads = 1, kMinBlocks = 1;
  struct Args {
    const void* grids;
    std::size_t count;
    Element* out;
  };
  static HYENA_DEVICE void run(const Args& a) {
    const std::size_t first = static_cast<std::size_t>(block_index()) * 64;
    for (std::size_t n = first; n < std::min(a.count, first + 64); ++n) {
      a.out[n] = Load(a.grids, n);
    }
  }
};
template <void (*Store)(const void*, unsigned long long, float)>
struct CallStore {
  static constexpr int kThreads = 1, kMinBlocks = 1;
  struct Args {
    const void* grids;
    std::size_t count;
    const float* in;
    int pitch, width;
  };
  static HYENA_DEVICE void run(const Args& a) {
    const std::size_t first = static_cast<std::size_t>(block_index()) * 64;
    for (std::size_t n = first; n < std::min(a.count, first + 64); ++n) {
      // cuFFT stores the points of the grid, not what is behind its rows.
      if (static_cast<int>(n % static_cast<std::size_t>(a.pitch)) < a.width) {
        Store(a.grids, n, a.in[n]);
      }
    }
  }
};
std::int64_t blocks(std::size_t count) {
  return static_cast<std::int64_t>((count + 63) / 64);
}

}  // namespace

struct Plans::State {
  PaddedGrid grid;
  Type type;

  std::vector<float> loaded(Transform transform, const void* grids, std::size_t floats) const {
    std::vector<float> values(floats);
    if (transform == Transform::kLoad) {
      with_type(type, [&](auto element) {
        using T = decltype(element);
        launch<CallLoad<float, &load_callback<T>>>({grids, floats, values.data()}, blocks(floats),
                                                   1, 0, nullptr);
      });
    } else if (transform == Transform::kMultiplyStore) {
      std::vector<float2> spectra(floats / 2);
      launch<CallLoad<float2, &multiply_callback<float>>>({grids, floats / 2, spectra.data()},
                                                          blocks(floats / 2), 1, 0, nullptr);
      std::memcpy(values.data(), spectra.data(), floats * 4);
    } else {
      std::memcpy(values.data(), grids, floats * 4);
    }
    return values;
  }

  void stored(Transform transform, void* grids, const std::vector<float>& values) const {
    if (transform == Transform::kStore || transform == Transform::kMultiplyStore) {
      with_type(type, [&](auto element) {
        using T = decltype(element);
        launch<CallStore<&store_callback<T>>>(
            {grids, values.size(), values.data(), grid.pitch, grid.padded_width},
            blocks(values.size()), 1, 0, nullptr);
      });
    } else {
      std::memcpy(grids, values.data(), values.size() * 4);
    }
  }
};

Plans::Plans(const PaddedGrid& grid, Type type) : state_(new State{grid, type}) {}
Plans::~Plans() = default;
bool Plans::have_callbacks() {
  return true;
}
std::size_t Plans::work_bytes(Transform, std::int64_t rows) const {
  return static_cast<std::size_t>(rows) * 16;
}

void Plans::run(Transform transform, std::int64_t rows, void* grids, void* work, Stream) const {
  const PaddedGrid& g = state_->grid;
  if (reinterpret_cast<std::uintptr_t>(grids) % 256 != 0) throw std::logic_error("not aligned");
  std::memset(work, 0xFF, static_cast<std::size_t>(rows) * 16);
  const auto height = static_cast<std::size_t>(g.padded_height);
  const auto width = static_cast<std::size_t>(g.padded_width);
  const auto pitch = static_cast<std::size_t>(g.pitch);
  const std::size_t floats = 2 * static_cast<std::size_t>(g.spectrum);
  const bool forward = transform == Transform::kForward || transform == Transform::kLoad;
  std::vector<float> values =
      state_->loaded(transform, grids, static_cast<std::size_t>(rows) * floats);
  for (std::size_t r = 0; r < static_cast<std::size_t>(rows); ++r) {
    float* x = values.data() + r * floats;
    const auto coefficient = [&](std::size_t i, std::size_t j) { return x + i * pitch + 2 * j; };
    Values whole(height * width);
    for (std::size_t i = 0; i < height; ++i) {
      for (std::size_t j = 0; j < width; ++j) {
        if (forward) {
          whole[i * width + j] = x[i * pitch + j];
        } else if (j <= width / 2) {
          whole[i * width + j] = {coefficient(i, j)[0], coefficient(i, j)[1]};
        } else {  // the half that a real result makes superfluous
          const float* other = coefficient((height - i) % height, width - j);
          whole[i * width + j] = {other[0], -other[1]};
        }
      }
    }
    transform_grid(whole, height, width, forward ? -1 : +1);
    std::memset(x, 0xFF, floats * 4);
    for (std::size_t i = 0; i < height; ++i) {
      for (std::size_t j = 0; j < width; ++j) {
        const Complex z = whole[i * width + j];
        if (!forward) {
          x[i * pitch + j] = static_cast<float>(z.real());
        } else if (j <= width / 2) {
          coefficient(i, j)[0] = static_cast<float>(z.real());
          coefficient(i, j)[1] = static_cast<float>(z.imag());
        }
      }
    }
  }
  state_->stored(transform, grids, values);
}

}  // namespace hyena::kernels::cuda::cufft
