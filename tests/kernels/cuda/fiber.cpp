#include "tests/kernels/cuda/fiber.h"

#include <new>
#include <stdexcept>

#include <boost/context/detail/fcontext.hpp>
#include <sys/mman.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

namespace hyena::kernels::cuda::host {
namespace {

namespace context = boost::context::detail;

constexpr std::size_t kPage = 4096;
#ifdef __SANITIZE_ADDRESS__
constexpr std::size_t kStack = 256 << 10;  // its redzones make frames larger
#else
constexpr std::size_t kStack = 64 << 10;
#endif

// AddressSanitizer has to be told of every change of stack.
[[maybe_unused]] void announce(void** fake_stack, const void* stack, std::size_t bytes) {
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_start_switch_fiber(fake_stack, stack, bytes);
#else
  (void)fake_stack, (void)stack, (void)bytes;
#endif
}
[[maybe_unused]] void arrived(void* fake_stack, const void** from, std::size_t* bytes) {
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_finish_switch_fiber(fake_stack, from, bytes);
#else
  (void)fake_stack, (void)from, (void)bytes;
#endif
}

}  // namespace

struct FiberPool::Switch {
  static void entry(context::transfer_t from) {
    auto* pool = static_cast<FiberPool*>(from.data);
    arrived(nullptr, &pool->scheduler_stack_, &pool->scheduler_stack_bytes_);
    pool->scheduler_ = from.fctx;
    pool->body_(pool->data_, pool->running_);
    pool->to_scheduler(true);
  }
};

FiberPool::~FiberPool() {
  if (memory_ != nullptr) munmap(memory_, memory_bytes_);
}

void FiberPool::grow(int count) {
  if (memory_ != nullptr) munmap(memory_, memory_bytes_);
  memory_bytes_ = static_cast<std::size_t>(count) * (kStack + kPage);
  void* memory = mmap(nullptr, memory_bytes_, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  memory_ = static_cast<char*>(memory);
  fibers_.resize(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < fibers_.size(); ++i) {
    char* guard = memory_ + i * (kStack + kPage);
    if (mprotect(guard, kPage, PROT_NONE) != 0) throw std::runtime_error("fiber: no guard page");
    fibers_[i].stack = guard + kPage;
  }
}

void FiberPool::start(int count, void (*body)(void*, int), void* data) {
  if (static_cast<std::size_t>(count) > fibers_.size()) grow(count);
  body_ = body;
  data_ = data;
  for (int i = 0; i < count; ++i) {
    Fiber& fiber = fibers_[static_cast<std::size_t>(i)];
#ifdef __SANITIZE_ADDRESS__
    ASAN_UNPOISON_MEMORY_REGION(fiber.stack, kStack);  // frames of a fiber that never returned
#endif
    fiber.context = context::make_fcontext(fiber.stack + kStack, kStack, &Switch::entry);
    fiber.fake_stack = nullptr;
  }
}

void FiberPool::resume(int index) {
  Fiber& fiber = fibers_[static_cast<std::size_t>(index)];
  running_ = index;
  announce(&scheduler_fake_stack_, fiber.stack, kStack);
  const auto back = context::jump_fcontext(fiber.context, this);
  arrived(scheduler_fake_stack_, nullptr, nullptr);
  fiber.context = back.fctx;
}

void FiberPool::to_scheduler(bool forever) {
  Fiber& fiber = fibers_[static_cast<std::size_t>(running_)];
  announce(forever ? nullptr : &fiber.fake_stack, scheduler_stack_, scheduler_stack_bytes_);
  const auto from = context::jump_fcontext(scheduler_, this);
  arrived(fiber.fake_stack, &scheduler_stack_, &scheduler_stack_bytes_);
  scheduler_ = from.fctx;
}

void FiberPool::yield() {
  to_scheduler(false);
}

}  // namespace hyena::kernels::cuda::host
