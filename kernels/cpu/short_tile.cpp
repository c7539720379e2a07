#include "kernels/cpu/short_tile.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/short_tile.cpp"
#include <hwy/foreach_target.h>

#include "kernels/cpu/short_tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hyena::kernels::cpu {
namespace HWY_NAMESPACE {

template <class T>
ShortTileKernels<T> TileKernels() {
  return {.fill = FillTile<T>,
          .multiply = MultiplyTile<T>,
          .gate = GateTile<T>,
          .backward = BackwardTile<T>};
}
ShortTileKernels<float> Float32TileKernels() {
  return TileKernels<float>();
}
ShortTileKernels<double> Float64TileKernels() {
  return TileKernels<double>();
}

}  // namespace HWY_NAMESPACE
}  // namespace hyena::kernels::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hyena::kernels::cpu {

HWY_EXPORT(Float32TileKernels);
HWY_EXPORT(Float64TileKernels);

template <>
const ShortTileKernels<float>& short_tile_kernels() {
  static const ShortTileKernels<float> kernels = HWY_DYNAMIC_DISPATCH(Float32TileKernels)();
  return kernels;
}
template <>
const ShortTileKernels<double>& short_tile_kernels() {
  static const ShortTileKernels<double> kernels = HWY_DYNAMIC_DISPATCH(Float64TileKernels)();
  return kernels;
}

}  // namespace hyena::kernels::cpu
#endif  // HWY_ONCE
