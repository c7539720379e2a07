#include "kernels/cpu/short_group.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/short_group.cpp"
#include <hwy/foreach_target.h>

#include "kernels/cpu/short_conv-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hyena::kernels::cpu {
namespace HWY_NAMESPACE {

ShortKernels<float> Float32ShortKernels() {
  return {.forward = ShortForward<float>, .weight_gradient = ShortWeightGradient<float>};
}
ShortKernels<double> Float64ShortKernels() {
  return {.forward = ShortForward<double>, .weight_gradient = ShortWeightGradient<double>};
}

}  // namespace HWY_NAMESPACE
}  // namespace hyena::kernels::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hyena::kernels::cpu {

HWY_EXPORT(Float32ShortKernels);
HWY_EXPORT(Float64ShortKernels);

template <>
const ShortKernels<float>& short_kernels() {
  static const ShortKernels<float> kernels = HWY_DYNAMIC_DISPATCH(Float32ShortKernels)();
  return kernels;
}
template <>
const ShortKernels<double>& short_kernels() {
  static const ShortKernels<double> kernels = HWY_DYNAMIC_DISPATCH(Float64ShortKernels)();
  return kernels;
}

}  // namespace hyena::kernels::cpu
#endif  // HWY_ONCE
