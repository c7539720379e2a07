#include <cstring>

#include "kernels/cuda/method.h"
#include "kernels/cuda/methods.h"

namespace hyena::kernels::cuda {

// One line a method; the order is the choice.
const MethodKind kMethods[] = {
    {"toeplitz", &make_toeplitz, &toeplitz_wins},
    {"fused_fft", &make_fused_fft},
    {"four_step", &make_four_step},
    {"grid_fft", &make_grid_fft},
    {"cufft", &make_cufft},
    {"cufft-callbacks", &make_cufft_callbacks},
    {"direct", &make_direct},
};
const int kMethodCount = static_cast<int>(sizeof(kMethods) / sizeof(kMethods[0]));

namespace {

void check_shape(const Shape& s) {
  const auto refuse = [](const std::string& why) {
    throw ArgumentError("long convolution on the GPU: " + why);
  };
  const auto positive = [&](std::int64_t value, const char* what) {
    if (value < 1) refuse(std::string(what) + " must be at least 1, got " + std::to_string(value));
  };
  positive(s.grid.height, "height");
  positive(s.grid.width, "length");
  positive(s.channels, "channels");
  positive(s.taps_height, "rows of taps");
  positive(s.taps_width, "taps");
  if (s.rows < 1 || s.channels % s.rows != 0) {
    refuse("the filter has " + std::to_string(s.rows) + " rows, which must divide the " +
           std::to_string(s.channels) + " channels");
  }
  if (s.centre_row < 0 || s.centre_row >= s.taps_height || s.centre_column < 0 ||
      s.centre_column >= s.taps_width) {
    refuse("the centre of the filter lies outside it");
  }
  if (s.type == Type::kFloat64) {
    refuse("signals are float32, bfloat16 or float16; float64 is for the CPU");
  }
}

}  // namespace

std::unique_ptr<Method> choose_method(const Shape& shape, const Device& device,
                                      const std::string& name) {
  check_shape(shape);
  std::string names;
  for (const MethodKind& kind : kMethods) {
    names += std::string(names.empty() ? "" : ", ") + kind.name;
    if (!name.empty() && name != kind.name) continue;
    if (name.empty() && kind.wins != nullptr && !kind.wins(shape)) continue;
    if (auto method = kind.make(shape, device)) return method;
    if (!name.empty()) {
      throw ArgumentError("long convolution on the GPU: the method " + name +
                          " does not serve this shape");
    }
  }
  throw ArgumentError(name.empty() ? "long convolution on the GPU: no method serves this shape"
                                   : "long convolution on the GPU: no method " + name +
                                         "; there are " + names);
}

}  // namespace hyena::kernels::cuda
