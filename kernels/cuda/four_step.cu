#include <algorithm>

#include "kernels/cuda/four_step_plan.h"
#include "kernels/cuda/grouped_method.h"
#include "kernels/cuda/methods.h"

namespace hyena::kernels::cuda {
namespace {

constexpr std::int64_t kShortest = 4097, kLongest = 1 << 22;

struct FourStep {
  static constexpr const char* kName = "four_step";
  Shape shape;
  four_step::Plan plan;

  Lags lags() const { return lags_of(shape); }
  std::int64_t signal_pairs() const { return plan.size(); }
  std::int64_t filter_pairs() const { return plan.size(); }
  std::int64_t blocks() const { return plan.size() / std::max(4096, plan.columns); }
  std::int64_t table_pairs() const { return four_step::table_of(plan).size; }
  void fill(float* table) const { four_step::fill(plan, table); }
  four_step::Context context(const Call& call) const {
    return {plan,
            shape.length(),
            lags().first_column,
            shape.type,
            static_cast<const float*>(call.table),
            call.stream};
  }
};

}  // namespace

std::unique_ptr<Method> make_four_step(const Shape& shape, const Device& device) {
  if (!shape.sequence() || shape.length() < kShortest || shape.length() > kLongest) return nullptr;
  const four_step::Plan plan = four_step::plan_for(shape.length(), device.shared_per_block);
  if (plan.radix == 0) return nullptr;
  return std::make_unique<GroupedMethod<FourStep>>(shape, device, FourStep{shape, plan});
}

}  // namespace hyena::kernels::cuda
