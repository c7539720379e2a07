#include "kernels/cpu/filter_block.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/filter_f32.cpp"
#include <hwy/foreach_target.h>

#include "kernels/cpu/filter-inl.h"
#include "kernels/cpu/filter_backward-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hyena::kernels::cpu {
namespace HWY_NAMESPACE {

FilterKernels<float> Float32FilterKernels() {
  return {.unit = FilterUnit<float>(),
          .panel = PanelColumns<float>(),
          .work_size = FilterWorkSize<float>,
          .forward = FilterForward<float>,
          .backward = FilterBackward<float>,
          .add = AddSums<float>};
}

}  // namespace HWY_NAMESPACE
}  // namespace hyena::kernels::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hyena::kernels::cpu {

HWY_EXPORT(Float32FilterKernels);

template <>
const FilterKernels<float>& filter_kernels() {
  static const FilterKernels<float> kernels = HWY_DYNAMIC_DISPATCH(Float32FilterKernels)();
  return kernels;
}

}  // namespace hyena::kernels::cpu
#endif  // HWY_ONCE
