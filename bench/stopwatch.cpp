#include "bench/stopwatch.h"

#include <algorithm>
#include <stdexcept>

namespace hyena::bench {

Spread spread_of(std::vector<double> values) {
  if (values.empty()) throw std::invalid_argument("spread_of: no measurements");
  std::sort(values.begin(), values.end());
  const std::size_t n = values.size();
  return {.median = (values[(n - 1) / 2] + values[n / 2]) / 2,
          .low = values.front(),
          .high = values.back(),
          .count = static_cast<std::int64_t>(n)};
}

}  // namespace hyena::bench
