#pragma once

#include <cstdint>

/// The words that device code is written in. The same sources are compiled twice: by nvcc, where
/// each word is an instruction or two (device_cuda.h), and by the host's compiler for the tests,
/// where a runtime executes blocks of threads on the CPU and watches what they do. Device code uses
/// nothing else of CUDA: every access to memory goes through load() and store(), every meeting of
/// threads through a word of this file.
///
/// A kernel is a struct with
///   struct Args              plain data, passed by value
///   static constexpr int kThreads, kMinBlocks    launch bounds
///   static HYENA_DEVICE void run(const Args&)
/// and is started by launch<Kernel>() (launch.h).
///
///   thread_index() block_index() block_row()   position; blocks are lines of kThreads threads
///   lane_index() warp_index()
///   shared_memory<T>()         the block's dynamic shared memory; there is no other
///   load(p) store(p, x)        shared or global memory, aligned to sizeof(T)
///   load_once(p) store_once(p, x)    global, read or written once: does not stay in caches
///   barrier() warp_barrier()
///   shuffle(x, lane) shuffle_xor(x, mask) shuffle_down(x, delta) ballot(p) any(p) all(p)
///   mma<T>(d, a, b)            d += a · b, m16n8k16, T Bf16 or Half, float32 sums
///   load_matrix(r, row)  load_matrix_transposed(r, row)    ldmatrix with 1, 2 or 4 tiles
///   copy_async<16>(shared, global) copy_async_commit() copy_async_wait<N>()
///   atomic_add(p, x)
///   sine(x) cosine(x) exponential(x)    float, to a few units in the last place
///   opaque(i)                  i, of which the compiler knows nothing
///   HYENA_UNROLL HYENA_KEEP_LOOP    before a loop: unroll it, or do not
///   to_float(x) from_float<T>(x) pack_floats<T>(low, high)    Bf16, Half, float
namespace hyena::kernels::cuda {

/// Storage types. The bits are those of bfloat16 and IEEE half.
struct Bf16 {
  std::uint16_t bits;
};
struct Half {
  std::uint16_t bits;
};

/// N neighbours moved by one instruction.
template <class T, int N>
struct alignas(sizeof(T) * N) Pack {
  T item[N];
};

}  // namespace hyena::kernels::cuda

#ifdef __CUDACC__
#include "kernels/cuda/device_cuda.h"
#else
#include HYENA_DEVICE_RUNTIME  // set by who compiles device code for the CPU
#endif
