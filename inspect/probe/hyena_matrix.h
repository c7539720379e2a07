#pragma once

#include <cstdint>
#include <vector>

#include <ATen/core/Tensor.h>

#include "inspect/probe/frozen_mixer.h"

/// The Hyena matrix H(u) of a channel, y = H v with frozen gates: row t is a destination, column s
/// a source. Of order 2 H[t,s] = g_out[t] (h[t−s] + b [t=s]) g_in[s], exact and O(L) a row; of
/// higher orders a row is a product with the transposed map, O(L log L). Of attention models the
/// same functions give the attention's own matrices, one a head.
///
/// It is a convolution: what a patch looks at is the kernel turned by 180 degrees.
namespace hyena::inspect {

/// Above this many tokens a whole matrix is shown by its block maxima.
inline constexpr std::int64_t kLongestMatrix = 2048;

struct MatrixOptions {
  bool skip = false;          ///< with the skip term, which is on the diagonal and often swamps it
  bool short_filter = false;  ///< to the tokens before the short filter (at its linear part)
};

/// Row `token` of every channel, (C, L), or (heads, L).
at::Tensor matrix_rows(const FrozenMixer& mixer, std::int64_t token, const MatrixOptions& o = {});

/// Column `token` of every channel, (C, L): where it goes to.
at::Tensor matrix_columns(const FrozenMixer& mixer, std::int64_t token,
                          const MatrixOptions& o = {});

/// The whole matrix of a channel or head, (L, L).
at::Tensor matrix(const FrozenMixer& mixer, std::int64_t channel, const MatrixOptions& o = {});

/// Rows first … last − 1 and columns likewise of one channel: a part of matrix(), in its memory
/// only.
at::Tensor matrix_block(const FrozenMixer& mixer, std::int64_t channel, std::int64_t row_first,
                        std::int64_t row_last, std::int64_t column_first, std::int64_t column_last,
                        const MatrixOptions& o = {});

/// max |H| over blocks of `block` × `block` cells, (⌈L/block⌉, ⌈L/block⌉): for long sequences.
at::Tensor block_maxima(const FrozenMixer& mixer, std::int64_t channel, std::int64_t block,
                        const MatrixOptions& o = {}, const Progress& progress = {});

/// Mean over channels of |H|, (L, L). Throws OptionError for L > kLongestMatrix.
at::Tensor mean_absolute(const FrozenMixer& mixer, const MatrixOptions& o = {},
                         const Progress& progress = {});

/// ‖W_out (H[t,s,:] ⊙ v[s,:])‖₂, what s adds to the residual stream at t, in its units (before the
/// block's own scale, without activation and norms): row t, (L).
at::Tensor contribution_row(const FrozenMixer& mixer, std::int64_t token, const at::Tensor& w_out,
                            const MatrixOptions& o = {});
/// What s adds at every t: column s, (L).
at::Tensor contribution_column(const FrozenMixer& mixer, std::int64_t token,
                               const at::Tensor& w_out, const MatrixOptions& o = {});
/// All rows, (L, L); O(L² C D).
at::Tensor contributions(const FrozenMixer& mixer, const at::Tensor& w_out,
                         const MatrixOptions& o = {}, const Progress& progress = {});

/// |H| with rows that sum to 1 (rows of zeros stay), to compare with attention.
at::Tensor row_normalised(const at::Tensor& h);

/// The product over layers, last · … · first, of row_normalised(|H| + identity), (L, L). `maps` are
/// non-negative (L, L), first layer first, row-normalised before the identity is added.
at::Tensor rollout(const std::vector<at::Tensor>& maps);

/// One number a channel (or head), (C) each: what a wall of layers × channels shows. Distances are
/// |t − s| in tokens, over maps Euclidean in patches.
struct MatrixStatistics {
  at::Tensor mean_lag;        ///< Σ |H| distance / Σ |H|
  at::Tensor length_90;       ///< the smallest distance that holds 90 % of Σ H²
  at::Tensor diagonal_share;  ///< Σ |H[t,t]| / Σ |H|
  at::Tensor entropy;        ///< mean over rows of −Σ p log p, p = row of |H| over its sum; nats
  at::Tensor gate_sparsity;  ///< share of |g| < 0.05 in all gates; NaN for attention
  at::Tensor contribution;   ///< mean over t of |y[t]|·‖W_out[:, c]‖; undefined without w_out
};
MatrixStatistics statistics(const FrozenMixer& mixer, const std::vector<std::int64_t>& channels,
                            const at::Tensor& w_out = {}, const MatrixOptions& o = {},
                            const Progress& progress = {});

}  // namespace hyena::inspect
