#include "kernels/cpu/group.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/group_f64.cpp"
#include <hwy/foreach_target.h>

#include "kernels/cpu/group-inl.h"
#include "kernels/cpu/rows-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hyena::kernels::cpu {
namespace HWY_NAMESPACE {

GroupKernels<double> Float64Kernels() {
  return {.lanes = Lanes<double>(),
          .instruction_set = hwy::TargetName(HWY_TARGET),
          .work_size = GroupWorkSize<double>,
          .analyse = AnalyseFilter<double>,
          .synthesise = SynthesiseFilter<double>,
          .convolve = ConvolveGroups<double>,
          .backward = BackwardGroups<double>,
          .pack = Pack<double>,
          .unpack = Unpack<double>};
}

}  // namespace HWY_NAMESPACE
}  // namespace hyena::kernels::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hyena::kernels::cpu {

HWY_EXPORT(Float64Kernels);

template <>
const GroupKernels<double>& group_kernels() {
  static const GroupKernels<double> kernels = HWY_DYNAMIC_DISPATCH(Float64Kernels)();
  return kernels;
}

}  // namespace hyena::kernels::cpu
#endif  // HWY_ONCE
