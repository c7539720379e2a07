#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace hyena::bench {

/// Seconds on a clock that never goes back.
class Stopwatch {
 public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// Seconds that the calling thread has spent on a processor: what else the machine does counts only
/// by what it takes from the caches.
double thread_seconds();
/// The same of all threads of the process.
double process_seconds();

/// What several measurements of one thing say.
struct Spread {
  double median = 0;
  double low = 0;   ///< smallest
  double high = 0;  ///< largest
  std::int64_t count = 0;
};

/// Throws std::invalid_argument for none.
Spread spread_of(std::vector<double> values);

}  // namespace hyena::bench
