#pragma once

#include <cstddef>
#include <vector>

namespace hyena::kernels::cuda::host {

/// Functions that run beside each other on one thread, each on its own stack, and pass the
/// processor on by yield(). Stacks are kept from one start() to the next, with a page below that
/// faults.
class FiberPool {
 public:
  ~FiberPool();
  /// Makes fibers 0 … count − 1, each to run body(data, its number) when first resumed. What ran
  /// before is forgotten.
  void start(int count, void (*body)(void*, int), void* data);
  /// Goes on with a fiber until it yields or returns.
  void resume(int fiber);
  /// On a fiber: back to resume().
  void yield();

 private:
  struct Fiber {
    void* context = nullptr;
    char* stack = nullptr;       ///< lowest byte that may be used
    void* fake_stack = nullptr;  ///< AddressSanitizer's
  };
  struct Switch;
  void grow(int count);
  void to_scheduler(bool forever);

  std::vector<Fiber> fibers_;
  char* memory_ = nullptr;
  std::size_t memory_bytes_ = 0;
  int running_ = -1;
  void* scheduler_ = nullptr;
  void* scheduler_fake_stack_ = nullptr;
  const void* scheduler_stack_ = nullptr;
  std::size_t scheduler_stack_bytes_ = 0;
  void (*body_)(void*, int) = nullptr;
  void* data_ = nullptr;
};

}  // namespace hyena::kernels::cuda::host
