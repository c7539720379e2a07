#include "kernels/cpu/online_step.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/online_step.cpp"
#include <hwy/foreach_target.h>

#include "kernels/cpu/online_step-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hyena::kernels::cpu {
namespace HWY_NAMESPACE {

OnlineKernels<float> Float32OnlineKernels() {
  return {.dot = Dot<float>, .add = Add<float>};
}
OnlineKernels<double> Float64OnlineKernels() {
  return {.dot = Dot<double>, .add = Add<double>};
}

}  // namespace HWY_NAMESPACE
}  // namespace hyena::kernels::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hyena::kernels::cpu {

HWY_EXPORT(Float32OnlineKernels);
HWY_EXPORT(Float64OnlineKernels);

template <>
const OnlineKernels<float>& online_kernels() {
  static const OnlineKernels<float> kernels = HWY_DYNAMIC_DISPATCH(Float32OnlineKernels)();
  return kernels;
}
template <>
const OnlineKernels<double>& online_kernels() {
  static const OnlineKernels<double> kernels = HWY_DYNAMIC_DISPATCH(Float64OnlineKernels)();
  return kernels;
}

}  // namespace hyena::kernels::cpu
#endif  // HWY_ONCE
