#include "kernels/cpu/token.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/token_f64.cpp"
#include <hwy/foreach_target.h>

#include "kernels/cpu/token-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hyena::kernels::cpu {
namespace HWY_NAMESPACE {

TokenKernels<double> Float64TokenKernels() {
  return KernelsOfTokens<double>();
}

}  // namespace HWY_NAMESPACE
}  // namespace hyena::kernels::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hyena::kernels::cpu {

HWY_EXPORT(Float64TokenKernels);

template <>
const TokenKernels<double>& token_kernels() {
  static const TokenKernels<double> kernels = HWY_DYNAMIC_DISPATCH(Float64TokenKernels)();
  return kernels;
}

}  // namespace hyena::kernels::cpu
#endif  // HWY_ONCE
