#pragma once

#include <cstdint>

/// Transforms of any length that is a product of 2, 3, 5 and 7, chosen when the program runs; and
/// what device code knows of one.
namespace hyena::kernels::cuda {

/// Steps of decimation in frequency; the inverse goes back through them. Step s splits lines of
/// radix · stride numbers into `radix` lines of `stride`. No order is restored.
struct LinePlan {
  static constexpr int kMostSteps = 8, kLongest = 2048;
  struct Step {
    int radix;  ///< 2, 3, 4, 5, 7, 8 or 16
    int stride;
    int twiddles;  ///< the step's first pair in the table: [k−1][n], e^(−2πi nk/(radix·stride))
    unsigned magic;  ///< g / stride = g · magic >> 20
  };
  int length = 1, steps = 0;
  int pairs = 0;  ///< of the table
  Step step[kMostSteps] = {};
};

/// The plan of exactly that length; length 0 if there is none.
LinePlan line_plan(int length);
/// The plan with the least estimated work among lengths from `minimum` to a third more; length 0 if
/// there is none.
LinePlan cheapest_line_plan(int minimum);

/// Writes plan.pairs pairs (cos, −sin).
void fill_line_table(const LinePlan& plan, float* table);
/// e^(−2πi n/(4 · length)) for n < length: what puts a line on the ring x^length = −i.
void fill_ring_table(int length, float* table);

}  // namespace hyena::kernels::cuda
