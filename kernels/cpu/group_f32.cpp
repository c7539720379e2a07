#include "kernels/cpu/group.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/group_f32.cpp"
#include <hwy/foreach_target.h>

#include "kernels/cpu/group-inl.h"
#include "kernels/cpu/rows-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hyena::kernels::cpu {
namespace HWY_NAMESPACE {

GroupKernels<float> Float32Kernels() {
  return {.lanes = Lanes<float>(),
          .instruction_set = hwy::TargetName(HWY_TARGET),
          .work_size = GroupWorkSize<float>,
          .analyse = AnalyseFilter<float>,
          .synthesise = SynthesiseFilter<float>,
          .convolve = ConvolveGroups<float>,
          .backward = BackwardGroups<float>,
          .pack = Pack<float>,
          .unpack = Unpack<float>};
}

}  // namespace HWY_NAMESPACE
}  // namespace hyena::kernels::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hyena::kernels::cpu {

HWY_EXPORT(Float32Kernels);

template <>
const GroupKernels<float>& group_kernels() {
  static const GroupKernels<float> kernels = HWY_DYNAMIC_DISPATCH(Float32Kernels)();
  return kernels;
}

}  // namespace hyena::kernels::cpu
#endif  // HWY_ONCE
