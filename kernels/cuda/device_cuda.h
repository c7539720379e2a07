#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_runtime.h>

#include "kernels/cuda/device.h"

/// device.h for nvcc.
#define HYENA_DEVICE __device__ __forceinline__
#define HYENA_HOST_DEVICE __host__ __device__ __forceinline__
#define HYENA_UNROLL _Pragma("unroll")
#define HYENA_KEEP_LOOP _Pragma("unroll 1")

namespace hyena::kernels::cuda {

HYENA_DEVICE int thread_index() {
  return static_cast<int>(threadIdx.x);
}
HYENA_DEVICE int block_index() {
  return static_cast<int>(blockIdx.x);
}
HYENA_DEVICE int block_row() {
  return static_cast<int>(blockIdx.y);
}
HYENA_DEVICE int lane_index() {
  return static_cast<int>(threadIdx.x % 32);
}
HYENA_DEVICE int warp_index() {
  return static_cast<int>(threadIdx.x / 32);
}

template <class T>
HYENA_DEVICE T* shared_memory() {
  extern __shared__ uint4 hyena_shared_memory[];
  return reinterpret_cast<T*>(hyena_shared_memory);
}

template <class T>
HYENA_DEVICE T load(const T* p) {
  return *p;
}
template <class T>
HYENA_DEVICE void store(T* p, T x) {
  *p = x;
}

namespace detail {
template <int Bytes>
struct Word;
template <>
struct Word<2> {
  using type = unsigned short;
};
template <>
struct Word<4> {
  using type = unsigned;
};
template <>
struct Word<8> {
  using type = uint2;
};
template <>
struct Word<16> {
  using type = uint4;
};
template <class To, class From>
HYENA_DEVICE To bits(const From& from) {
  static_assert(sizeof(To) == sizeof(From), "");
  To to;
  memcpy(&to, &from, sizeof(To));
  return to;
}
}  // namespace detail

template <class T>
HYENA_DEVICE T load_once(const T* p) {
  using Word = typename detail::Word<sizeof(T)>::type;
  return detail::bits<T>(__ldcs(reinterpret_cast<const Word*>(p)));
}
template <class T>
HYENA_DEVICE void store_once(T* p, T x) {
  using Word = typename detail::Word<sizeof(T)>::type;
  __stcs(reinterpret_cast<Word*>(p), detail::bits<Word>(x));
}

HYENA_DEVICE void barrier() {
  __syncthreads();
}
HYENA_DEVICE void warp_barrier() {
  __syncwarp();
}

template <class T>
HYENA_DEVICE T shuffle(T x, int lane) {
  return __shfl_sync(0xffffffffU, x, lane);
}
template <class T>
HYENA_DEVICE T shuffle_xor(T x, int mask) {
  return __shfl_xor_sync(0xffffffffU, x, mask);
}
template <class T>
HYENA_DEVICE T shuffle_down(T x, int delta) {
  return __shfl_down_sync(0xffffffffU, x, delta);
}
HYENA_DEVICE unsigned ballot(bool p) {
  return __ballot_sync(0xffffffffU, p);
}
HYENA_DEVICE bool any(bool p) {
  return __any_sync(0xffffffffU, p);
}
HYENA_DEVICE bool all(bool p) {
  return __all_sync(0xffffffffU, p);
}

template <class T>
HYENA_DEVICE void mma(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]);
template <>
HYENA_DEVICE void mma<Bf16>(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
  asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, "
      "{%0,%1,%2,%3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}
template <>
HYENA_DEVICE void mma<Half>(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
  asm("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, "
      "{%0,%1,%2,%3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

namespace detail {
HYENA_DEVICE unsigned shared_address(const void* p) {
  return static_cast<unsigned>(__cvta_generic_to_shared(p));
}
}  // namespace detail

HYENA_DEVICE void load_matrix(unsigned (&r)[1], const void* row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%0}, [%1];"
               : "=r"(r[0])
               : "r"(detail::shared_address(row))
               : "memory");
}
HYENA_DEVICE void load_matrix(unsigned (&r)[2], const void* row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%0,%1}, [%2];"
               : "=r"(r[0]), "=r"(r[1])
               : "r"(detail::shared_address(row))
               : "memory");
}
HYENA_DEVICE void load_matrix(unsigned (&r)[4], const void* row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(detail::shared_address(row))
               : "memory");
}
HYENA_DEVICE void load_matrix_transposed(unsigned (&r)[2], const void* row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0,%1}, [%2];"
               : "=r"(r[0]), "=r"(r[1])
               : "r"(detail::shared_address(row))
               : "memory");
}
HYENA_DEVICE void load_matrix_transposed(unsigned (&r)[4], const void* row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(detail::shared_address(row))
               : "memory");
}

template <int Bytes>
HYENA_DEVICE void copy_async(void* shared, const void* global) {
  static_assert(Bytes == 16, "copies of 16 bytes bypass the first cache");
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(detail::shared_address(shared)),
               "l"(global)
               : "memory");
}
HYENA_DEVICE void copy_async_commit() {
  asm volatile("cp.async.commit_group;" ::: "memory");
}
template <int N>
HYENA_DEVICE void copy_async_wait() {
  asm volatile("cp.async.wait_group %0;" ::"n"(N) : "memory");
}

HYENA_DEVICE void atomic_add(float* p, float x) {
  atomicAdd(p, x);
}

HYENA_DEVICE int opaque(int i) {
  asm volatile("" : "+r"(i));
  return i;
}

HYENA_DEVICE float to_float(float x) {
  return x;
}
HYENA_DEVICE float to_float(Bf16 x) {
  return __uint_as_float(static_cast<unsigned>(x.bits) << 16);
}
HYENA_DEVICE float to_float(Half x) {
  return __half2float(__ushort_as_half(x.bits));
}
template <class T>
HYENA_DEVICE T from_float(float x);
template <>
HYENA_DEVICE float from_float<float>(float x) {
  return x;
}
template <>
HYENA_DEVICE Bf16 from_float<Bf16>(float x) {
  return {__bfloat16_as_ushort(__float2bfloat16_rn(x))};
}
template <>
HYENA_DEVICE Half from_float<Half>(float x) {
  return {__half_as_ushort(__float2half_rn(x))};
}
template <class T>
HYENA_DEVICE unsigned pack_floats(float low, float high);
template <>
HYENA_DEVICE unsigned pack_floats<Bf16>(float low, float high) {
  return detail::bits<unsigned>(__floats2bfloat162_rn(low, high));
}
template <>
HYENA_DEVICE unsigned pack_floats<Half>(float low, float high) {
  return detail::bits<unsigned>(__floats2half2_rn(low, high));
}

HYENA_DEVICE float sine(float x) {
  return sinf(x);
}
HYENA_DEVICE float cosine(float x) {
  return cosf(x);
}
HYENA_DEVICE float exponential(float x) {
  return expf(x);
}

/// x · y + z, rounded once.
HYENA_DEVICE float fma(float x, float y, float z) {
  return __fmaf_rn(x, y, z);
}

}  // namespace hyena::kernels::cuda
