#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include <ATen/core/Tensor.h>

#include "backbone/language_model.h"
#include "backbone/layers.h"
#include "backbone/mixer.h"

namespace hyena::backbone {

struct LanguageBlockOptions {
  std::int64_t d_inner = 0;   ///< width of the MLP
  double dropout_mixer = 0;   ///< on what comes in, before it is added to the residual
  double dropout_mlp = 0;     ///< on what the mixer made
  double eps = 1e-5;          ///< of both norms
  bool residual_fp32 = true;  ///< keep the residual in float32 under autocast
};

/// Pre-norm block with carried residual (safari's Block):
///   r ← dropout(h) + r;  h ← mixer(norm1(r));  r ← dropout(h) + r;  h ← mlp(norm2(r))
/// with mlp = fc2(gelu_tanh(fc1(·))). State: mixer, norm1, mlp.fc1, mlp.fc2, norm2.
class LanguageBlock : public Module {
 public:
  /// What mixes the tokens: x (B, L, D) → the same.
  using Mix = std::function<at::Tensor(const at::Tensor& x)>;

  LanguageBlock(std::unique_ptr<Mixer> mixer, std::int64_t d_model,
                const LanguageBlockOptions& options);

  /// The mixer over whole sequences.
  ResidualStream forward(const ResidualStream& stream);
  /// The same with another way to mix, e.g. the next step of a decoder.
  ResidualStream forward(const ResidualStream& stream, const Mix& mix);

  Mixer& mixer() { return *mixer_; }
  const LanguageBlockOptions& options() const { return options_; }

 private:
  LanguageBlockOptions options_;
  Mixer* mixer_;
  LayerNorm *norm1_, *norm2_;
  Linear *fc1_, *fc2_;
};

/// dropout(hidden) + residual; hidden alone where there is no residual yet.
at::Tensor add_residual(const ResidualStream& stream, double dropout, bool training,
                        bool residual_fp32);

}  // namespace hyena::backbone
