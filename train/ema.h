#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "backbone/module.h"
#include "train/method_options.h"

namespace hyena::train {

/// Exponential moving average of a model's state, by name: a ← a + (1 − d)(w − a) once an optimiser
/// update, on the model's device and without waiting for it. Parameters and floating-point buffers
/// alike. Tensors of whole numbers, such as counters, are copied from the model (form v3, timm's
/// ModelEmaV3) or averaged and rounded towards zero (v2, ModelEmaV2).
class Ema {
 public:
  /// Starts as a copy of the model.
  Ema(const backbone::Module& model, const EmaOptions& options);

  /// Takes in the model after optimiser update number `update`, counted from 1. `model` is the one
  /// of the constructor, or one with the same state names.
  void update(const backbone::Module& model, std::int64_t update);

  /// The share d of the old average in update(…, update). v2: options.decay. v3: 0 up to update
  /// options.start + 1; then options.decay, or with warm-up min(decay, 1 − (1 + t)^−power) with
  /// t = update − start − 1.
  double decay_at(std::int64_t update) const;

  /// The averages by the model's names, each tensor once (no aliases). Live tensors.
  std::map<std::string, at::Tensor> state() const;

  /// Throws std::runtime_error, and changes nothing, when a name is missing or a shape differs.
  void load_state(const std::map<std::string, at::Tensor>& state);

  /// Puts the averages in the model's place until the end of the scope, without copying. The
  /// averages must not be updated meanwhile.
  class Swapped {
   public:
    Swapped(Ema& ema, backbone::Module& model);
    ~Swapped();
    Swapped(const Swapped&) = delete;
    Swapped& operator=(const Swapped&) = delete;

   private:
    void swap();
    Ema& ema_;
    std::vector<backbone::NamedTensor> state_;
  };

 private:
  /// The model's tensors in the order of names_.
  std::vector<at::Tensor> matching(const backbone::Module& model) const;

  EmaOptions options_;
  bool v2_;
  std::vector<std::string> names_;
  std::vector<at::Tensor> averages_;
};

}  // namespace hyena::train
