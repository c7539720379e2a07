#include "kernels/cpu/grid.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/grid_f64.cpp"
#include <hwy/foreach_target.h>

#include "kernels/cpu/grid-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hyena::kernels::cpu {
namespace HWY_NAMESPACE {

GridKernels<double> Float64GridKernels() {
  return {.lanes = Lanes<double>(),
          .work_size = GridWorkSize<double>,
          .analyse = AnalyseGrid<double>,
          .synthesise = SynthesiseGrid<double>,
          .convolve = ConvolveGrid<double>,
          .backward = BackwardGrid<double>};
}

}  // namespace HWY_NAMESPACE
}  // namespace hyena::kernels::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hyena::kernels::cpu {

HWY_EXPORT(Float64GridKernels);

template <>
const GridKernels<double>& grid_kernels() {
  static const GridKernels<double> kernels = HWY_DYNAMIC_DISPATCH(Float64GridKernels)();
  return kernels;
}

}  // namespace hyena::kernels::cpu
#endif  // HWY_ONCE
