#include <algorithm>

#include "kernels/cuda/four_step_plan.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/methods.h"
#include "kernels/cuda/taps.h"

namespace hyena::kernels::cuda {
namespace {

using four_step::Rows;

constexpr std::int64_t kShortest = 4097, kLongest = 1 << 22;

std::size_t aligned(std::int64_t floats) {
  return static_cast<std::size_t>((floats * 4 + 255) / 256 * 256);
}

class FourStep : public Method {
 public:
  FourStep(const Shape& shape, const Device& device, const four_step::Plan& plan)
      : shape_(shape), lags_(lags_of(shape)), plan_(plan), device_(device) {}

  std::string name() const override { return "four_step"; }

  std::size_t table_bytes() const override {
    return static_cast<std::size_t>(four_step::table_of(plan_).size) * 8;
  }
  void fill_table(void* memory) const override {
    four_step::fill(plan_, static_cast<float*>(memory));
  }

  std::size_t filter_bytes() const override {
    return static_cast<std::size_t>(shape_.channels * plan_.size()) * 8;
  }
  std::size_t prepare_workspace() const override {
    return aligned(shape_.channels * lags_.count());
  }
  void prepare(const Call& call, const ConstGridTaps& h, const float* bias,
               void* filter) const override {
    auto* dense = static_cast<float*>(call.workspace);
    auto* spectra = static_cast<float*>(filter);
    const auto channels = static_cast<int>(shape_.channels);
    gather_taps(shape_, lags_, h, bias, dense, call.stream);
    load_lags(context(call), channels, lags_.first_column, dense, spectra);
    transform_rows(context(call), Rows::kForward, channels, 1, spectra, nullptr);
  }

  std::size_t forward_workspace(std::int64_t batch) const override {
    return static_cast<std::size_t>(group_of(batch, 1).count() * plan_.size()) * 8;
  }
  void forward(const Call& call, std::int64_t batch, const void* filter, ConstSequences q,
               ConstSequences k, ConstSequences v, Sequences y) const override {
    const auto c = context(call);
    auto* spectra = static_cast<float*>(call.workspace);
    for_each_group(batch, shape_.channels, group_of(batch, 1), [&](const Group& group) {
      load_columns(c, group, k, v, spectra);
      transform_rows(c, Rows::kConvolve, group.channels, group.items, spectra,
                     of_channel(filter, group));
      store_columns(c, group, spectra, {q, {}, y, {}});
    });
  }

  std::size_t backward_workspace(std::int64_t batch) const override {
    const Group group = group_of(batch, 2);
    return static_cast<std::size_t>((2 * group.count() + group.channels) * plan_.size()) * 8 +
           aligned(shape_.channels * lags_.count());
  }
  void backward(const Call& call, std::int64_t batch, const void* filter, ConstSequences q,
                ConstSequences k, ConstSequences v, ConstSequences dy,
                const Gradients& gradients) const override {
    const auto c = context(call);
    const Group largest = group_of(batch, 2);
    auto* u = static_cast<float*>(call.workspace);
    float* dc = u + 2 * largest.count() * plan_.size();
    float* dh = dc + 2 * largest.count() * plan_.size();
    float* dense = dh + 2 * largest.channels * plan_.size();
    for_each_group(batch, shape_.channels, largest, [&](const Group& group) {
      load_columns(c, group, k, v, u);
      load_columns(c, group, q, dy, dc);
      differentiate_rows(c, group.channels, group.items, u, dc, of_channel(filter, group), dh,
                         group.first_item > 0);
      if (gradients.dq) store_columns(c, group, u, {dy, {}, gradients.dq, {}});
      store_columns(c, group, dc, {k, v, gradients.dv, gradients.dk});
      if (group.first_item + group.items < batch) return;
      transform_rows(c, Rows::kInverse, group.channels, 1, dh, nullptr);
      store_lags(c, group.channels, lags_.first_column, dh,
                 dense + group.first_channel * lags_.count());
    });
    if (batch == 0) {
      zero_fill(dense, static_cast<std::size_t>(shape_.channels * lags_.count()) * 4, call.stream);
    }
    fold_gradients(shape_, lags_, dense, gradients.dh, gradients.dbias, call.stream);
  }

 private:
  four_step::Context context(const Call& call) const {
    return {plan_, shape_.length(), shape_.type, static_cast<const float*>(call.table),
            call.stream};
  }
  const float* of_channel(const void* filter, const Group& group) const {
    return static_cast<const float*>(filter) + 2 * group.first_channel * plan_.size();
  }

  /// For `spectra` spectra of each sequence. In the backward pass blocks take the items in turn:
  /// there all multiprocessors should find two blocks among the channels.
  Group group_of(std::int64_t batch, std::int64_t spectra) const {
    const std::int64_t blocks = plan_.size() / std::max(4096, plan_.columns);
    const std::int64_t busy =
        spectra == 1 ? 1 : (2 * device_.multiprocessors + blocks - 1) / blocks;
    return largest_group(device_, batch, shape_.channels, 8 * spectra * plan_.size(), busy);
  }

  Shape shape_;
  Lags lags_;
  four_step::Plan plan_;
  Device device_;
};

}  // namespace

std::unique_ptr<Method> make_four_step(const Shape& shape, const Device& device) {
  if (!shape.sequence() || shape.length() < kShortest || shape.length() > kLongest) return nullptr;
  const four_step::Plan plan = four_step::plan_for(shape.length(), device.shared_per_block);
  return plan.radix != 0 ? std::make_unique<FourStep>(shape, device, plan) : nullptr;
}

}  // namespace hyena::kernels::cuda
