#include "kernels/cuda/line_plan.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>

namespace hyena::kernels::cuda {

namespace {

/// Instructions for each number of a step: estimated, addresses and shared memory included.
struct Radix {
  int radix, cost;
};
constexpr Radix kRadices[] = {{16, 25}, {8, 21}, {7, 28}, {5, 23}, {4, 18}, {3, 19}, {2, 16}};

/// Splits `left` into radices none larger than kRadices[first]; keeps the cheapest list.
struct Search {
  int best = std::numeric_limits<int>::max();
  int chosen[LinePlan::kMostSteps] = {}, chosen_count = 0;
  int taken[LinePlan::kMostSteps] = {};

  void run(int left, int first, int count, int cost) {
    if (left == 1) {
      if (cost >= best) return;
      best = cost;
      chosen_count = count;
      std::copy_n(taken, count, chosen);
      return;
    }
    if (count == LinePlan::kMostSteps || cost >= best) return;
    for (int i = first; i < static_cast<int>(std::size(kRadices)); ++i) {
      if (left % kRadices[i].radix != 0) continue;
      taken[count] = kRadices[i].radix;
      run(left / kRadices[i].radix, i, count + 1, cost + kRadices[i].cost);
    }
  }
};

void put(float*& at, std::int64_t turns, std::int64_t of) {
  const double angle = 2 * M_PI * static_cast<double>(turns % of) / static_cast<double>(of);
  *at++ = static_cast<float>(std::cos(angle));
  *at++ = static_cast<float>(-std::sin(angle));
}

LinePlan plan_of(int length, const Search& search) {
  LinePlan plan;
  plan.length = length;
  plan.steps = search.chosen_count;
  for (int s = 0; s < plan.steps; ++s) {
    const int radix = search.chosen[s], stride = length / radix;
    plan.step[s] = {radix, stride, plan.pairs, (1U << 20) / static_cast<unsigned>(stride) + 1};
    if (stride > 1) plan.pairs += stride * (radix - 1);
    length = stride;
  }
  return plan;
}

}  // namespace

LinePlan line_plan(int length) {
  LinePlan none;
  none.length = 0;
  if (length < 1 || length > LinePlan::kLongest) return none;
  Search search;
  search.run(length, 0, 0, 0);
  return search.best == std::numeric_limits<int>::max() ? none : plan_of(length, search);
}

LinePlan cheapest_line_plan(int minimum) {
  LinePlan best;
  best.length = 0;
  std::int64_t least = std::numeric_limits<std::int64_t>::max();
  const int end = std::min(minimum + minimum / 3 + 1, LinePlan::kLongest);
  for (int length = minimum; length <= end; ++length) {
    Search search;
    search.run(length, 0, 0, 0);
    if (search.best == std::numeric_limits<int>::max()) continue;
    const std::int64_t work = static_cast<std::int64_t>(length) * (search.best + 1);
    if (work < least) {
      least = work;
      best = plan_of(length, search);
    }
  }
  return best;
}

void fill_line_table(const LinePlan& plan, float* table) {
  for (int s = 0; s < plan.steps; ++s) {
    const auto [radix, stride, twiddles, magic] = plan.step[s];
    if (stride == 1) continue;
    for (int k = 1; k < radix; ++k) {
      for (int n = 0; n < stride; ++n) put(table, n * k, radix * stride);
    }
  }
}

void fill_ring_table(int length, float* table) {
  for (int n = 0; n < length; ++n) put(table, n, 4 * length);
}

}  // namespace hyena::kernels::cuda
