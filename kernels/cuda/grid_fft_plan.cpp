#include "kernels/cuda/grid_fft_plan.h"

namespace hyena::kernels::cuda::grid_fft {

namespace {

/// The most lines, 16, 8 or 4, that take half of a block's memory at most, or all of it; −1 if four
/// are too many.
int shift_for(std::int64_t bytes_of_line, std::int64_t shared) {
  for (const std::int64_t room : {shared / 2, shared}) {
    for (int shift = 4; shift >= 2; --shift) {
      if (bytes_of_line << shift <= room) return shift;
    }
  }
  return -1;
}

}  // namespace

Plan plan_for(const Grid2d& grid, int shared_per_block) {
  Plan plan{};
  plan.circular = grid.circular;
  plan.row.length = plan.column.length = 0;
  if (grid.width > LinePlan::kLongest || grid.height > LinePlan::kLongest) return plan;
  plan.height = static_cast<int>(grid.height);
  plan.width = static_cast<int>(grid.width);
  plan.row = cheapest_line_plan(plan.width);
  if (plan.circular) plan.column = line_plan(plan.height);
  if (!plan.circular || plan.column.length == 0) {
    plan.column = cheapest_line_plan(2 * plan.height - 1);
  }
  plan.row_shift = shift_for(8 * plan.row.length, shared_per_block);
  plan.column_shift = shift_for(16 * plan.column.length, shared_per_block);
  if (plan.row_shift < 0) plan.row.length = 0;
  if (plan.column_shift < 0) plan.column.length = 0;
  return plan;
}

std::int64_t table_pairs(const Plan& plan) {
  return plan.row.length + plan.row.pairs + plan.column.pairs;
}

void fill(const Plan& plan, float* table) {
  fill_ring_table(plan.row.length, table);
  table += 2 * plan.row.length;
  fill_line_table(plan.row, table);
  fill_line_table(plan.column, table + 2 * plan.row.pairs);
}

}  // namespace hyena::kernels::cuda::grid_fft
