#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <ATen/core/Tensor.h>

#include "backbone/decode/block_step.h"
#include "backbone/language_model.h"

namespace hyena::backbone {

enum class DecodeMethod {
  kFast,       ///< long convolutions by tiles: O(log² L) a token and channel
  kLazy,       ///< long convolutions as sums over all past inputs: O(L)
  kRecompute,  ///< the model's forward pass over everything, for every token
};

/// "fast", "lazy", "recompute"; throws OptionError.
DecodeMethod parse_decode_method(const std::string& name);

struct DecoderOptions {
  DecodeMethod method = DecodeMethod::kFast;
  /// Tokens of a sequence, prompt and all: what memory and filters are made for. 0: the model's.
  std::int64_t max_length = 0;
  std::int64_t max_new = 0;  ///< steps after the prompt at most; 0: as many as max_length
  bool spread = false;       ///< no long steps: large tiles run in pieces, with more work in all
};

/// Work that `cancelled` stopped. The decoder's state is torn: prefill or restore it.
class DecodeCancelled : public std::runtime_error {
 public:
  DecodeCancelled() : std::runtime_error("decoding was cancelled") {}
};

/// Sequences of a language model that grow by one token each at a time. Logits equal those of the
/// model's forward pass but for rounding. Weights are packed when prompts are read, where they
/// have changed: later changes reach the decoder with the next prefill. Not for several threads at
/// once; forks of it are.
class Decoder {
 public:
  /// Asked between layers; true stops the work with DecodeCancelled.
  using Cancelled = std::function<bool()>;

  /// The model must live on, in evaluation mode, on the CPU in float32 or float64 (any for method
  /// recompute). Throws OptionError for a max_length past the model's, or none.
  Decoder(LanguageModel& model, const DecoderOptions& options);

  /// Starts anew behind prompts of 1 token or more each, one for each sequence. Returns the logits
  /// of what follows them, (B, padded_vocab_size). Throws OptionError for no or too long prompts,
  /// and where a mixer cannot decode token by token.
  at::Tensor prefill(const std::vector<std::vector<std::int64_t>>& prompts,
                     const Cancelled& cancelled = {});

  /// One token for each sequence → logits of the next, (B, padded_vocab_size). Throws OptionError
  /// past max_length or max_new.
  at::Tensor step(std::span<const std::int64_t> ids, const Cancelled& cancelled = {});

  /// Goes on on its own from here; weights are shared.
  Decoder fork() const;
  /// Bytes from which restore() of a decoder with the same model and options goes on, bit by bit.
  std::vector<std::byte> save() const;
  /// Throws OptionError for what another decoder saved.
  void restore(std::span<const std::byte> saved);

  std::int64_t batch() const { return static_cast<std::int64_t>(lengths_.size()); }
  /// Tokens of sequence b so far.
  std::int64_t length(std::int64_t b) const { return lengths_.at(static_cast<std::size_t>(b)); }
  std::int64_t max_length() const { return options_.max_length; }
  const DecoderOptions& options() const { return options_; }

  std::int64_t state_bytes() const;   ///< of the sequences
  std::int64_t weight_bytes() const;  ///< of packed weights and filters, shared by forks

 private:
  /// Blocks for so many sequences, packed anew where the weights or the number have changed.
  void start(std::int64_t batch);
  at::Tensor recompute(const Cancelled& cancelled);
  at::Tensor embed(std::span<const std::int64_t> ids);
  at::Tensor last_logits(const ResidualStream& stream);

  LanguageModel* model_;
  DecoderOptions options_;
  std::vector<std::int64_t> lengths_;
  std::int64_t steps_ = 0;
  std::vector<std::unique_ptr<BlockStep>> blocks_;
  /// The model's tensors as they were packed, with their versions.
  std::vector<std::pair<at::Tensor, std::int64_t>> packed_;
  std::int64_t packed_batch_ = 0;
  std::vector<std::vector<std::int64_t>> ids_;  ///< of all sequences, for method recompute
};

}  // namespace hyena::backbone
