#include <ATen/ATen.h>

#include "backbone/layers.h"
#include "backbone/mixers/kinds.h"
#include "backbone/observer.h"

namespace hyena::backbone {
namespace {

struct GatedOptions {
  template <class Visitor>
  void visit(Visitor&) {}
};

/// What is left of Hyena when no convolution is: y = W_out (q ⊙ k ⊙ v), token by token. As a
/// control it shows what mixing tokens is worth, in a measurement how fast a step could be if
/// mixing were free.
class Gated : public Mixer {
 public:
  explicit Gated(std::int64_t d_model)
      : out_proj_(make_child<Linear>("out_proj", d_model, d_model)),
        in_proj_(make_child<Linear>("in_proj", d_model, 3 * d_model)) {}

  at::Tensor forward(const at::Tensor& x, const TokenGrid&) override {
    const auto parts = in_proj_.forward(x).chunk(3, 2);
    const auto product = parts[1] * parts[2];
    const auto y = (parts[0] * product).transpose(1, 2);
    observe("g_out", parts[0].transpose(1, 2));
    observe("g_in.0", parts[1].transpose(1, 2));
    observe("v", parts[2].transpose(1, 2));
    observe("product", product.transpose(1, 2));
    observe("y", y);
    return out_proj_.forward(y.transpose(1, 2));
  }

  bool causal() const override { return true; }

 private:
  Linear& out_proj_;
  Linear& in_proj_;
};

}  // namespace

MixerEntry gated_mixer() {
  return {.name = "gated",
          .summary =
              "Hyena's projections and gates without convolutions: a control, and the "
              "ceiling of speed",
          .key = "mixer",
          .options = default_options<GatedOptions>,
          .make = [](const MixerContext& context, const nlohmann::json& options) {
            options_of<GatedOptions>(options, "mixer gated");
            return std::make_unique<Gated>(context.d_model);
          }};
}

}  // namespace hyena::backbone
