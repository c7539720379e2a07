#include "kernels/cpu/short_tile.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/short_tile_f64.cpp"
#include <hwy/foreach_target.h>

#include "kernels/cpu/short_tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hyena::kernels::cpu {
namespace HWY_NAMESPACE {

ShortTileKernels<double> Float64TileKernels() {
  return {.fill = FillTile<double>,
          .multiply = MultiplyTile<double>,
          .gate = GateTile<double>,
          .backward = BackwardTile<double>};
}

}  // namespace HWY_NAMESPACE
}  // namespace hyena::kernels::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hyena::kernels::cpu {

HWY_EXPORT(Float64TileKernels);

template <>
const ShortTileKernels<double>& short_tile_kernels() {
  static const ShortTileKernels<double> kernels = HWY_DYNAMIC_DISPATCH(Float64TileKernels)();
  return kernels;
}

}  // namespace hyena::kernels::cpu
#endif  // HWY_ONCE
