#include "kernels/cpu/filter_block.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/filter_f64.cpp"
#include <hwy/foreach_target.h>

#include "kernels/cpu/filter-inl.h"
#include "kernels/cpu/filter_backward-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hyena::kernels::cpu {
namespace HWY_NAMESPACE {

FilterKernels<double> Float64FilterKernels() {
  return {.unit = FilterUnit<double>(),
          .panel = PanelColumns<double>(),
          .work_size = FilterWorkSize<double>,
          .forward = FilterForward<double>,
          .backward = FilterBackward<double>,
          .add = AddSums<double>};
}

}  // namespace HWY_NAMESPACE
}  // namespace hyena::kernels::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hyena::kernels::cpu {

HWY_EXPORT(Float64FilterKernels);

template <>
const FilterKernels<double>& filter_kernels() {
  static const FilterKernels<double> kernels = HWY_DYNAMIC_DISPATCH(Float64FilterKernels)();
  return kernels;
}

}  // namespace hyena::kernels::cpu
#endif  // HWY_ONCE
