#include "backbone/models/language_block.h"

#include <utility>

#include <ATen/ATen.h>

#include "backbone/observer.h"

namespace hyena::backbone {

at::Tensor add_residual(const ResidualStream& stream, double rate, bool training,
                        bool residual_fp32) {
  auto sum = backbone::dropout(stream.hidden, rate, training);
  if (stream.residual.defined()) sum = sum + stream.residual;
  const bool half = sum.scalar_type() == at::kHalf || sum.scalar_type() == at::kBFloat16;
  return residual_fp32 && half ? sum.to(at::kFloat) : sum;
}

LanguageBlock::LanguageBlock(std::unique_ptr<Mixer> mixer, std::int64_t d_model,
                             const LanguageBlockOptions& options)
    : options_(options) {
  mixer_ = &add_child("mixer", std::move(mixer));
  norm1_ = &make_child<LayerNorm>("norm1", d_model, options.eps);
  fc1_ = &make_child<Linear>("mlp.fc1", d_model, options.d_inner);
  fc2_ = &make_child<Linear>("mlp.fc2", options.d_inner, d_model);
  norm2_ = &make_child<LayerNorm>("norm2", d_model, options.eps);
}

ResidualStream LanguageBlock::forward(const ResidualStream& stream) {
  return forward(stream, [&](const at::Tensor& x) {
    return mixer_->forward(x, {.height = 1, .width = x.size(1)});
  });
}

ResidualStream LanguageBlock::forward(const ResidualStream& stream, const Mix& mix) {
  auto residual =
      add_residual(stream, options_.dropout_mixer, is_training(), options_.residual_fp32);
  const auto normed = norm1_->forward(residual);
  observe("norm1", normed);
  at::Tensor mixed;
  {
    const ObserverScope scope("mixer");
    mixed = mix(normed);
    observe("", mixed);
  }
  residual =
      add_residual({mixed, residual}, options_.dropout_mlp, is_training(), options_.residual_fp32);
  const auto hidden = fc2_->forward(at::gelu(fc1_->forward(norm2_->forward(residual)), "tanh"));
  return {hidden, residual};
}

}  // namespace hyena::backbone
