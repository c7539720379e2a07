#include "kernels/cuda/grid_fft_plan.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/methods.h"
#include "kernels/cuda/taps.h"

namespace hyena::kernels::cuda {
namespace {

using grid_fft::Wrap;

class GridFft : public Method {
 public:
  GridFft(const Shape& shape, const Device& device, const grid_fft::Plan& plan)
      : shape_(shape), lags_(lags_of_grid(shape)), plan_(plan), device_(device) {}

  std::string name() const override { return "grid_fft"; }

  std::size_t table_bytes() const override {
    return static_cast<std::size_t>(grid_fft::table_pairs(plan_)) * 8;
  }
  void fill_table(void* memory) const override {
    grid_fft::fill(plan_, static_cast<float*>(memory));
  }

  std::size_t filter_bytes() const override {
    return static_cast<std::size_t>(shape_.channels * plan_.size()) * 8;
  }
  std::size_t prepare_workspace() const override { return dense_bytes(); }
  void prepare(const Call& call, const ConstGridTaps& h, const float* bias,
               void* filter) const override {
    auto* dense = static_cast<float*>(call.workspace);
    auto* spectra = static_cast<float*>(filter);
    gather_taps(shape_, lags_, h, bias, dense, call.stream);
    load_lags(context(call), shape_.channels, dense, spectra);
    filter_columns(context(call), shape_.channels, spectra);
  }

  std::size_t forward_workspace(std::int64_t batch) const override {
    return static_cast<std::size_t>(group_of(batch, 1).count() * plan_.rows_size()) * 8;
  }
  void forward(const Call& call, std::int64_t batch, const void* filter, ConstSequences q,
               ConstSequences k, ConstSequences v, Sequences y) const override {
    const auto c = context(call);
    auto* spectra = static_cast<float*>(call.workspace);
    for_each_group(batch, shape_.channels, group_of(batch, 1), [&](const Group& group) {
      load_rows(c, group, k, v, spectra);
      convolve_columns(c, group, spectra, of_channel(filter, group));
      store_rows(c, group, Wrap::kEnd, spectra, {q, {}, y, {}});
    });
  }

  std::size_t backward_workspace(std::int64_t batch) const override {
    const Group group = group_of(batch, 2);
    return static_cast<std::size_t>(2 * group.count() * plan_.rows_size() +
                                    group.channels * plan_.size()) *
               8 +
           dense_bytes();
  }
  void backward(const Call& call, std::int64_t batch, const void* filter, ConstSequences q,
                ConstSequences k, ConstSequences v, ConstSequences dy,
                const Gradients& gradients) const override {
    const auto c = context(call);
    const Group largest = group_of(batch, 2);
    auto* u = static_cast<float*>(call.workspace);
    float* dc = u + 2 * largest.count() * plan_.rows_size();
    float* dh = dc + 2 * largest.count() * plan_.rows_size();
    float* dense = dh + 2 * largest.channels * plan_.size();
    for_each_group(batch, shape_.channels, largest, [&](const Group& group) {
      load_rows(c, group, k, v, u);
      load_rows(c, group, q, dy, dc);
      differentiate_columns(c, group, u, dc, of_channel(filter, group), dh, group.first_item > 0);
      if (gradients.dq) store_rows(c, group, Wrap::kEnd, u, {dy, {}, gradients.dq, {}});
      store_rows(c, group, Wrap::kStart, dc, {k, v, gradients.dv, gradients.dk});
      if (group.first_item + group.items < batch) return;
      filter_columns_back(c, group.channels, dh);
      store_lags(c, group.channels, dh, dense + group.first_channel * lags_.count());
    });
    if (batch == 0) zero_fill(dense, dense_bytes(), call.stream);
    fold_gradients(shape_, lags_, dense, gradients.dh, gradients.dbias, call.stream);
  }

 private:
  /// All lags, also where the taps are those of a causal sequence.
  static Lags lags_of_grid(const Shape& s) {
    if (s.grid.circular) return lags_of(s);
    return {2 * s.grid.height - 1, 2 * s.grid.width - 1, 1 - s.grid.height, 1 - s.grid.width,
            false};
  }
  std::size_t dense_bytes() const {
    return static_cast<std::size_t>(shape_.channels * lags_.count()) * sizeof(float);
  }
  grid_fft::Context context(const Call& call) const {
    return {plan_, shape_.type, static_cast<const float*>(call.table), call.stream};
  }
  const float* of_channel(const void* filter, const Group& group) const {
    return static_cast<const float*>(filter) + 2 * group.first_channel * plan_.size();
  }
  /// As in four_step: two blocks of the backward pass for each multiprocessor.
  Group group_of(std::int64_t batch, std::int64_t spectra) const {
    const std::int64_t blocks = ((plan_.row.length - 1) >> plan_.column_shift) + 1;
    const std::int64_t busy =
        spectra == 1 ? 1 : (2 * device_.multiprocessors + blocks - 1) / blocks;
    return largest_group(device_, batch, shape_.channels, 8 * spectra * plan_.rows_size(), busy);
  }

  Shape shape_;
  Lags lags_;
  grid_fft::Plan plan_;
  Device device_;
};

}  // namespace

std::unique_ptr<Method> make_grid_fft(const Shape& shape, const Device& device) {
  const grid_fft::Plan plan = grid_fft::plan_for(shape.grid, device.shared_per_block);
  if (plan.row.length == 0 || plan.column.length == 0) return nullptr;
  return std::make_unique<GridFft>(shape, device, plan);
}

}  // namespace hyena::kernels::cuda
