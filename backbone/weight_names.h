#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "backbone/tensor_entry.h"

/// What the keys of a file of weights mean, without LibTorch.
namespace hyena::backbone {

/// `key` and what remains of it step by step without the wrappers that training programs put
/// around a model: "module.", "model.", "_orig_mod.", "state_dict.", "state_dict_ema.", "hyena."
/// and the like in front, and the ".layer" that activation checkpointing inserts behind "mixer" and
/// "mlp".
std::vector<std::string> key_candidates(std::string_view key);

/// A tensor under the key that today's models have for it.
struct NamedWeight {
  TensorEntry entry;              ///< name and shape as the model has them
  std::vector<std::string> keys;  ///< in the file; where several, stacked in this order: [q; k; v]

  std::string shown() const;  ///< the keys as they may stand in a message
};

struct NamedWeights {
  std::vector<NamedWeight> weights;
  std::vector<std::string> foreign;  ///< keys that belong to the training program, not to the model
};

/// Renames what older language models call otherwise, as the reference's loader does: safari's
/// "s4seq.encoder.", "embedding.", "output_linear", a norm in front of the blocks instead of behind
/// them (each norm moves by one), separate q, k and v; the classifier "score.weight" of Hugging
/// Face's port. In a Lightning checkpoint of a language model, keys outside of the model (metrics,
/// encoders of tasks) are foreign. Files of other models come back as they are.
NamedWeights modern_names(std::span<const TensorEntry> tensors);

}  // namespace hyena::backbone
