#pragma once

#include <atomic>

namespace hyena::cli {

/// Takes Ctrl-C and SIGTERM on a thread of its own from here on; to be called before any other
/// thread is there, so that all of them inherit the mask. A handler must not interrupt arithmetic:
/// matrix kernels of oneDNN (jit_avx512_common_gemm_f32) point the stack pointer into a block of
/// the heap while they run, and the kernel would write the signal's frame below it.
void watch_signals();

/// A flag set by Ctrl-C and SIGTERM; the second one ends the program at once. Until this was called
/// the first one does.
const std::atomic<bool>& stop_on_signals();

}  // namespace hyena::cli
