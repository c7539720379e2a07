#include "bench/stopwatch.h"

#include <algorithm>
#include <ctime>
#include <stdexcept>

namespace hyena::bench {
namespace {

double seconds_of(clockid_t clock) {
  timespec t{};
  clock_gettime(clock, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

}  // namespace

double thread_seconds() {
  return seconds_of(CLOCK_THREAD_CPUTIME_ID);
}
double process_seconds() {
  return seconds_of(CLOCK_PROCESS_CPUTIME_ID);
}

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
