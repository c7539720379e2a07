#pragma once

#include <cstdint>
#include <vector>

#include <ATen/core/Tensor.h>

#include "backbone/mixer.h"
#include "inspect/probe/capture.h"

/// A mixer with its gates frozen at what they were for one input: a linear map of the value v.
namespace hyena::inspect {

/// Everything in the precision the model ran in, without gradients.
///   w ← g_in[o] ⊙ w;  w ← kernel[o] ∗ w + skip[o] ⊙ w  for each order;  y = g_out ⊙ w,  w = v
///   first
/// so y = H(u) v for each channel, plus `offset` ⊙ g_out where a filter has a bias of its own. Of
/// attention, `attention` is H already.
struct FrozenMixer {
  std::int64_t tokens = 0;    ///< L, prefix tokens counted
  std::int64_t channels = 0;  ///< C
  bool causal = false;
  backbone::TokenGrid grid = {};
  backbone::LongFilters filters = {};

  /// Two-sided filters of channel c mod F: (orders, F, 2L−1), lag 0 at L−1; over maps
  /// (1, C, 2H−1, 2W−1), lag (0, 0) at (H−1, W−1).
  at::Tensor kernel = {};
  at::Tensor skip = {};               ///< (orders, F); zeros where there is none
  std::vector<at::Tensor> g_in = {};  ///< (C, L) each; ones where the product is normalised
  at::Tensor g_out = {};              ///< (C, L)
  at::Tensor v = {};                  ///< (C, L); where the product is normalised: the product
  at::Tensor y = {};                  ///< (C, L), as the model made it
  at::Tensor attention = {};          ///< (heads, L, L); undefined for Hyena

  bool over_map() const { return filters.over_map; }
  std::int64_t orders() const { return static_cast<std::int64_t>(g_in.size()); }
  /// How many matrices there are: one a channel, or one a head of attention.
  std::int64_t matrices() const { return attention.defined() ? attention.size(0) : channels; }
};

/// Runs the model on `input` (1, …) and freezes one layer's mixer. Throws OptionError for a layer
/// that is neither Hyena nor attention, and where the mixer is not such a map (see
/// LongFilters::not_linear).
FrozenMixer freeze(OpenedSubject& subject, const at::Tensor& input, std::int64_t layer,
                   const Progress& progress = {});

/// From what capture() kept of it: the taps freeze_taps() names.
FrozenMixer freeze(OpenedSubject& subject, const Captured& captured, std::int64_t layer);
std::vector<std::string> freeze_taps(OpenedSubject& subject, std::int64_t layer);

/// H v for all channels at once: v (C, L) → (C, L), O(L log L).
at::Tensor apply(const FrozenMixer& mixer, const at::Tensor& v, bool skip = true);

/// Hᵀ r for all channels: r (C, L) → (C, L).
at::Tensor apply_transposed(const FrozenMixer& mixer, const at::Tensor& r, bool skip = true);

/// What stands in y beside H v: g_out ⊙ offset, (C, L); zeros for implicit filters.
at::Tensor constant_part(const FrozenMixer& mixer);

}  // namespace hyena::inspect
