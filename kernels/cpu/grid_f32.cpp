#include "kernels/cpu/grid.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/grid_f32.cpp"
#include <hwy/foreach_target.h>

#include "kernels/cpu/grid-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hyena::kernels::cpu {
namespace HWY_NAMESPACE {

GridKernels<float> Float32GridKernels() {
  return {.lanes = Lanes<float>(),
          .work_size = GridWorkSize<float>,
          .analyse = AnalyseGrid<float>,
          .synthesise = SynthesiseGrid<float>,
          .convolve = ConvolveGrid<float>,
          .backward = BackwardGrid<float>};
}

}  // namespace HWY_NAMESPACE
}  // namespace hyena::kernels::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hyena::kernels::cpu {

HWY_EXPORT(Float32GridKernels);

template <>
const GridKernels<float>& grid_kernels() {
  static const GridKernels<float> kernels = HWY_DYNAMIC_DISPATCH(Float32GridKernels)();
  return kernels;
}

}  // namespace hyena::kernels::cpu
#endif  // HWY_ONCE
