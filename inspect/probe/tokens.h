#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

#include "inspect/probe/opened_subject.h"

/// What a language model thinks of a text, token by token, and block by block. Only ids below
/// vocab_size compete; everything on the CPU.
namespace hyena::inspect {

/// Of position t: what was expected there, from the tokens before it. Entry 0 of loss, entropy and
/// rank is NaN, −1 in ranks: nothing comes before the first token.
struct TokenReading {
  at::Tensor loss;             ///< (L) float64, nats: −log p(token)
  at::Tensor entropy;          ///< (L) float64, nats, of what was expected
  at::Tensor rank;             ///< (L) int64: 0, the likeliest; −1 for the first
  at::Tensor top;              ///< (L, k) int64: what is expected after token t, likeliest first
  at::Tensor top_probability;  ///< (L, k) float64
  double mean_loss = 0, perplexity = 0;
};
/// ids (1, L).
TokenReading read_tokens(OpenedSubject& subject, const at::Tensor& ids, std::int64_t top = 10,
                         const Progress& progress = {});

/// The final norm and head on the stream behind the embedding and behind each block
/// (nostalgebraist 2020): depth + 1 rows; the last one is the model's own output.
struct LogitLens {
  at::Tensor token;        ///< (depth + 1, L) int64: the likeliest next token
  at::Tensor probability;  ///< (depth + 1, L) float64: its own
  at::Tensor actual;       ///< (depth + 1, L) float64: of the token that follows; NaN at the last
  at::Tensor entropy;      ///< (depth + 1, L) float64, nats
};
LogitLens logit_lens(OpenedSubject& subject, const at::Tensor& ids, const Progress& progress = {});

}  // namespace hyena::inspect
