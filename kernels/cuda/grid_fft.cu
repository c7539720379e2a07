#include "kernels/cuda/grid_fft_plan.h"
#include "kernels/cuda/grouped_method.h"
#include "kernels/cuda/methods.h"

namespace hyena::kernels::cuda {
namespace {

struct GridFft {
  static constexpr const char* kName = "grid_fft";
  Shape shape;
  grid_fft::Plan plan;

  /// All lags, also where the taps are those of a causal sequence.
  Lags lags() const {
    const std::int64_t H = shape.grid.height, W = shape.grid.width;
    return shape.grid.circular ? lags_of(shape) : Lags{2 * H - 1, 2 * W - 1, 1 - H, 1 - W, false};
  }
  std::int64_t signal_pairs() const { return plan.rows_size(); }
  std::int64_t filter_pairs() const { return plan.size(); }
  std::int64_t blocks() const { return ((plan.row.length - 1) >> plan.column_shift) + 1; }
  std::int64_t table_pairs() const { return grid_fft::table_pairs(plan); }
  void fill(float* table) const { grid_fft::fill(plan, table); }
  grid_fft::Context context(const Call& call) const {
    return {plan, shape.type, static_cast<const float*>(call.table), call.stream};
  }
};

}  // namespace

std::unique_ptr<Method> make_grid_fft(const Shape& shape, const Device& device) {
  const grid_fft::Plan plan = grid_fft::plan_for(shape.grid, device.shared_per_block);
  if (plan.row.length == 0 || plan.column.length == 0) return nullptr;
  return std::make_unique<GroupedMethod<GridFft>>(shape, device, GridFft{shape, plan});
}

}  // namespace hyena::kernels::cuda
