#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include <ATen/core/Tensor.h>

#include "backbone/decode/mixer_state.h"
#include "backbone/language_model.h"

namespace hyena::backbone {

/// A block of a language model in the middle of sequences: its packed weights and its mixer's
/// state. A step is a handful of calls of the kernels and none of LibTorch's, whose cost a call
/// would be that of the arithmetic.
class BlockStep {
 public:
  virtual ~BlockStep() = default;

  /// Prompts: the block's own forward pass, with the mixer's state filled.
  ResidualStream prefill(const ResidualStream& stream, std::span<const std::int64_t> lengths);

  /// One token of each sequence: `hidden` and `residual` (B, D) become those behind the block.
  virtual void step(void* hidden, void* residual) = 0;

  virtual std::unique_ptr<BlockStep> fork() const = 0;
  virtual std::int64_t weight_bytes() const = 0;
  MixerState& mixer() { return *mixer_; }
  const MixerState& mixer() const { return *mixer_; }

 protected:
  BlockStep(LanguageBlock& block, std::unique_ptr<MixerState> mixer)
      : block_(&block), mixer_(std::move(mixer)) {}

  LanguageBlock* block_;
  std::unique_ptr<MixerState> mixer_;
};

/// Copies the block's weights; the block must live on. Throws OptionError as
/// Mixer::start_decoding().
std::unique_ptr<BlockStep> block_step(LanguageBlock& block, const MixerDecodeOptions& options);

}  // namespace hyena::backbone
