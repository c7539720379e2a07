#include <cufft.h>

#include "kernels/cuda/cufft_callbacks.cuh"

/// The functions that cuFFT links into its own kernels while the program runs. Compiled to LTO-IR
/// for the oldest GPU we serve and embedded into the library: cufft_plans.cpp names them. Two
/// files' worth of symbols, since a plan that multiplies and stores links both.
namespace hk = hyena::kernels::cuda;

#ifdef HYENA_CALLBACKS_OF_SPECTRA
extern "C" __device__ cufftComplex hyena_multiply(void* data, unsigned long long offset, void*,
                                                  void*) {
  return hk::cufft::multiply_callback<float>(data, offset);
}
#else
#define HYENA_CALLBACKS(name, T)                                                                  \
  extern "C" __device__ cufftReal hyena_load_##name(void* data, unsigned long long offset, void*, \
                                                    void*) {                                      \
    return hk::cufft::load_callback<T>(data, offset);                                             \
  }                                                                                               \
  extern "C" __device__ void hyena_store_##name(void* data, unsigned long long offset,            \
                                                cufftReal x, void*, void*) {                      \
    hk::cufft::store_callback<T>(data, offset, x);                                                \
  }
HYENA_CALLBACKS(float32, float)
HYENA_CALLBACKS(bfloat16, hk::Bf16)
HYENA_CALLBACKS(float16, hk::Half)
#endif
