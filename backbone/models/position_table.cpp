#include "backbone/models/position_table.h"

#include <ATen/ATen.h>

#include "backbone/ops/float32_island.h"

namespace hyena::backbone {

at::Tensor resize_position_table(const at::Tensor& table, std::int64_t prefix,
                                 const TokenGrid& from, const TokenGrid& to) {
  if (from.height == to.height && from.width == to.width) return table;
  const Float32Island island;
  const auto map = table.slice(1, prefix)
                       .to(compute_type(table))
                       .unflatten(1, {from.height, from.width})
                       .permute({0, 3, 1, 2});  // (1, D, H, W)
  const auto resized = at::_upsample_bicubic2d_aa(map.contiguous(), {to.height, to.width},
                                                  /*align_corners=*/false);
  const auto rows = resized.permute({0, 2, 3, 1}).flatten(1, 2).to(table.scalar_type());
  return prefix > 0 ? at::cat({table.slice(1, 0, prefix), rows}, 1) : rows;
}

}  // namespace hyena::backbone
