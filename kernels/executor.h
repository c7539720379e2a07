#pragma once

#include <cstdint>
#include <functional>

namespace hyena::kernels {

/// Spreads independent pieces of work over threads. This one uses none: derive from it to lend the
/// kernels a thread pool. Results never depend on how the pieces are spread.
class Executor {
 public:
  virtual ~Executor() = default;
  /// How many pieces run at the same time: a hint for the size of the pieces, not for results.
  virtual std::int64_t threads() const { return 1; }
  /// Calls work(begin, end) for parts that together make up [0, count), and waits for all. An
  /// exception of a part reaches the caller.
  virtual void run(std::int64_t count,
                   const std::function<void(std::int64_t, std::int64_t)>& work) const {
    if (count > 0) work(0, count);
  }
};

}  // namespace hyena::kernels
