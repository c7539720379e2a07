#include <cstdio>
#include <vector>

#include <ATen/ATen.h>

#include "backbone/ops/fftconv.h"
#include "kernels/reference/fftconv.h"

// The same convolution by the library's FFT and by its direct sum.
int main() {
  const std::vector<double> u = {1, -2, 3, 5, -7};
  const std::vector<double> h = {0.5, 0.25, -1};
  std::vector<double> expected(u.size());
  hyena::kernels::reference::convolve(u, h, 0, expected);

  const auto y = hyena::backbone::fftconv(at::tensor(u, at::kDouble).view({1, 1, -1}),
                                          at::tensor(h, at::kDouble).view({1, -1}));
  const auto difference = (y.flatten() - at::tensor(expected, at::kDouble)).norm().item<double>();
  std::printf("difference %.2e\n", difference);
  return difference < 1e-12 ? 0 : 1;
}
