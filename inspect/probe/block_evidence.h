#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

#include "inspect/probe/attribution.h"
#include "inspect/probe/frozen_mixer.h"

/// Which patches speak for a class, told from the inside of one block: maps (height, width) of a
/// layer's patches; class and register tokens are left out.
namespace hyena::inspect {

/// A layer's gated output and the score's gradient there.
struct BlockEvidence {
  at::Tensor y;         ///< (C, L): before the output projection
  at::Tensor gradient;  ///< (C, L): d score / d y
  backbone::TokenGrid grid = {};
};
BlockEvidence block_evidence(OpenedSubject& subject, const at::Tensor& picture,
                             const ClassTarget& target, std::int64_t layer,
                             const Progress& progress = {});

/// ReLU Σ_c mean_t(gradient) y (Selvaraju et al. 2017). Not negative.
at::Tensor grad_cam(const BlockEvidence& evidence);
/// Σ_c gradient · y, place by place (Draelos & Carin 2020). Signed.
at::Tensor hires_cam(const BlockEvidence& evidence);
/// ReLU Σ_c ReLU(gradient) · y (Jiang et al. 2021). Not negative.
at::Tensor layer_cam(const BlockEvidence& evidence);

/// How much of d score · y comes from source s with the gates frozen: Σ_{t,c} gradient[t,c]
/// H[t,s,c] v[s,c], (L) with prefix tokens. Signed; its sum is Σ gradient ⊙ H v, exactly.
at::Tensor matrix_attribution(const FrozenMixer& mixer, const at::Tensor& gradient,
                              bool skip = true);

/// The patches of a per-token value (L) as (height, width).
at::Tensor as_patches(const at::Tensor& tokens, const backbone::TokenGrid& grid);

}  // namespace hyena::inspect
