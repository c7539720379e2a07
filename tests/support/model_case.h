#pragma once

#include <memory>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "backbone/vision_model.h"
#include "tests/support/tensors.h"

namespace hyena::tests {

/// A reference model: its settings, weights, and what it made of its inputs.
struct ModelCase {
  nlohmann::json config;
  TensorMap weights;
  TensorMap io;
};

/// Reads golden_dir()/FOLDER/NAME/{config.json,model.safetensors,io.safetensors}.
ModelCase read_model_case(const std::string& folder, const std::string& name);

/// Copies the case's weights into a model of its shape, see build_reference.
void take_reference_weights(backbone::Module& model, const ModelCase& reference);

/// Builds a VisionModel or a LanguageModel, copies the weights in (every key of either side must
/// exist on the other) and leaves it in evaluation mode.
template <class M = backbone::VisionModel>
std::unique_ptr<M> build_reference(const ModelCase& reference,
                                   const backbone::ModelConfig& config) {
  auto model = backbone::make_model<M>(config);
  take_reference_weights(*model, reference);
  return model;
}

/// Runs the case's images and compares logits, cross-entropy and gradients at the tolerances of the
/// reference vectors: logits 1e-5; loss 1e-6; gradients 1e-4 of their own norm, 5e-4 with one
/// element, or 5e-5 of the largest gradient. Call within a test; failures are reported.
void expect_reference_numbers(backbone::VisionModel& model, const ModelCase& reference);

/// Compares the gradients of parameters, and of the pictures, with the case's; the last lines of
/// expect_reference_numbers.
void expect_reference_gradients(const backbone::Module& model, const ModelCase& reference,
                                const at::Tensor& of_input = {});

/// What an Observer saw in model.forward(images), detached.
TensorMap observed(backbone::VisionModel& model, const at::Tensor& images);

}  // namespace hyena::tests
