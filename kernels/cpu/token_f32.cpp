#include "kernels/cpu/token.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/token_f32.cpp"
#include <hwy/foreach_target.h>

#include "kernels/cpu/token-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hyena::kernels::cpu {
namespace HWY_NAMESPACE {

TokenKernels<float> Float32TokenKernels() {
  return KernelsOfTokens<float>();
}

}  // namespace HWY_NAMESPACE
}  // namespace hyena::kernels::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hyena::kernels::cpu {

HWY_EXPORT(Float32TokenKernels);

template <>
const TokenKernels<float>& token_kernels() {
  static const TokenKernels<float> kernels = HWY_DYNAMIC_DISPATCH(Float32TokenKernels)();
  return kernels;
}

}  // namespace hyena::kernels::cpu
#endif  // HWY_ONCE
