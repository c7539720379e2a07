#include "kernels/cpu/short_tile.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/short_tile_f32.cpp"
#include <hwy/foreach_target.h>

#include "kernels/cpu/short_tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hyena::kernels::cpu {
namespace HWY_NAMESPACE {

ShortTileKernels<float> Float32TileKernels() {
  return {.fill = FillTile<float>,
          .multiply = MultiplyTile<float>,
          .gate = GateTile<float>,
          .backward = BackwardTile<float>};
}

}  // namespace HWY_NAMESPACE
}  // namespace hyena::kernels::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hyena::kernels::cpu {

HWY_EXPORT(Float32TileKernels);

template <>
const ShortTileKernels<float>& short_tile_kernels() {
  static const ShortTileKernels<float> kernels = HWY_DYNAMIC_DISPATCH(Float32TileKernels)();
  return kernels;
}

}  // namespace hyena::kernels::cpu
#endif  // HWY_ONCE
