#include "backbone/decode/mixer_state.h"
#include "backbone/hyena_operator.h"
#include "backbone/mixers/kinds.h"

namespace hyena::backbone {
namespace {

/// HyenaOperator as a mixer of tokens in raster order, prefix tokens first.
class HyenaMixer : public Mixer {
 public:
  HyenaMixer(const MixerContext& context, HyenaOptions options, bool centred)
      : follows_grid_(options.l_max == 0) {
    if (follows_grid_) options.l_max = context.grid.tokens();
    // The operator's keys stand directly under the mixer's, as in reference checkpoints.
    operator_ = &adopt(std::make_unique<HyenaOperator>(context.d_model, options, centred));
  }

  at::Tensor forward(const at::Tensor& x, const TokenGrid&) override {
    return operator_->forward(x);
  }

  std::unique_ptr<MixerState> start_decoding(const MixerDecodeOptions& options) override {
    return operator_->start_decoding(options);
  }

  bool causal() const override { return !operator_->filter().centred(); }

  std::int64_t max_len() const override {
    const bool bounded = operator_->options().filter.extend == "error";
    return bounded ? operator_->filter().l_max() : 0;
  }

  void resize_filters(const TokenGrid& grid) override {
    if (follows_grid_) operator_->filter().set_l_max(grid.tokens());
  }

  LongFilters long_filters(const TokenGrid& grid) override {
    return operator_->describe_filters(grid.tokens());
  }

 private:
  bool follows_grid_;
  HyenaOperator* operator_ = nullptr;
};

std::unique_ptr<Mixer> make(const MixerContext& context, const nlohmann::json& options,
                            bool centred) {
  return std::make_unique<HyenaMixer>(
      context,
      options_of<HyenaOptions>(options, centred ? "mixer hyena_bidirectional" : "mixer hyena"),
      centred);
}

}  // namespace

MixerEntry hyena_mixer() {
  return {.name = "hyena",
          .summary = "causal Hyena over tokens in raster order (safari)",
          .key = "mixer",
          .options = default_options<HyenaOptions>,
          .make = [](const MixerContext& c, const nlohmann::json& o) { return make(c, o, false); }};
}

MixerEntry hyena_bidirectional_mixer() {
  return {.name = "hyena_bidirectional",
          .summary = "bidirectional Hyena over tokens in raster order (HyenaPixel's H_b)",
          .key = "mixer",
          .options = default_options<HyenaOptions>,
          .make = [](const MixerContext& c, const nlohmann::json& o) { return make(c, o, true); }};
}

}  // namespace hyena::backbone
