#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "backbone/model.h"
#include "backbone/ops/token_loss.h"

namespace hyena::backbone {

class LanguageBlock;

/// What a program must know to feed a language model and to read its output.
struct LanguageInfo {
  std::int64_t vocab_size = 0;         ///< tokens there are
  std::int64_t padded_vocab_size = 0;  ///< rows of logits; those past vocab_size mean nothing
  std::int64_t d_model = 0;
  std::int64_t depth = 0;        ///< number of blocks
  std::int64_t max_len = 0;      ///< longest sequence in tokens; 0: no limit
  std::int64_t num_classes = 0;  ///< of the sequence classifier; 0 where there is none
};

/// Hidden state between two blocks. The residual is carried beside what the last layer made, and
/// both are added where the next layer norms them, as in safari's Block.
struct ResidualStream {
  at::Tensor hidden;    ///< (B, L, D)
  at::Tensor residual;  ///< (B, L, D), float32 where the model says so; undefined before block 0
};

/// A causal language model: ids → hidden states → logits of the next token.
class LanguageModel : public Model {
 public:
  static constexpr const char* kKind = "language model";
  std::string kind() const override { return kKind; }

  virtual LanguageInfo info() const = 0;

  std::int64_t depth() const override { return info().depth; }
  std::int64_t input_size() const override;
  std::string describe_input(std::int64_t input_size) const override;
  void run_blank(std::int64_t input_size) override;

  /// ids (B, L) int64 → the stream in front of the first block. `position` is that of ids[:, 0].
  /// Throws OptionError for an id past the vocabulary (on the CPU) and for a position past the
  /// table of positions, where there is one.
  virtual ResidualStream embed(const at::Tensor& ids, std::int64_t position) = 0;

  /// The blocks, in order: what decoding steps through.
  virtual const std::vector<LanguageBlock*>& blocks() const = 0;

  /// The stream behind the last block → (B, L, D), normed.
  virtual at::Tensor finish(const ResidualStream& stream) = 0;

  /// (…, D) → logits (…, padded_vocab_size).
  virtual at::Tensor head(const at::Tensor& hidden) = 0;

  /// Logits (B, num_classes) of whole sequences. Throws OptionError where the model has no
  /// classifier.
  virtual at::Tensor classify(const at::Tensor& ids) = 0;

  /// ids (B, L) → hidden states (B, L, D), what the head sees.
  virtual at::Tensor forward_features(const at::Tensor& ids) = 0;

  /// ids (B, L) → logits (B, L, padded_vocab_size).
  at::Tensor forward(const at::Tensor& ids) { return head(forward_features(ids)); }

  /// Mean cross-entropy (nats) of `targets` (B, L) int64, −100 for positions that do not count; a
  /// scalar. The logits exist for `chunk` tokens at a time, forward and backward.
  virtual at::Tensor loss(const at::Tensor& ids, const at::Tensor& targets,
                          std::int64_t chunk = 4096) = 0;

  /// What the model thinks of each target, (B·L) in order; see loss() and TokenScores. Only ids
  /// below vocab_size compete.
  virtual TokenScores score(const at::Tensor& ids, const at::Tensor& targets,
                            std::int64_t chunk = 4096) = 0;
};

}  // namespace hyena::backbone
