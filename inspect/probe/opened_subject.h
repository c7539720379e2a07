#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <ATen/core/Tensor.h>

#include "backbone/language_model.h"
#include "backbone/mixer.h"
#include "backbone/vision_model.h"
#include "inspect/subject.h"
#include "train/preprocessing.h"
#include "train/recorded_tokenizer.h"

/// What stands behind Subject and Stimulus, for probes: the only place where tensors are.
namespace hyena::inspect {

/// One block's mixer; facts().layers has the same order.
struct OpenedLayer {
  std::string name = {};  ///< path in the model's state
  backbone::Mixer* mixer = nullptr;
  backbone::TokenGrid grid = {};  ///< at the model's own input size; empty in language models
};

class OpenedSubject final : public Subject {
 public:
  /// Takes a model into evaluation mode and stops its parameters' gradients: probes differentiate
  /// with respect to inputs and streams only. Runs a vision model once, to see its grids.
  OpenedSubject(std::unique_ptr<backbone::Model> model, const std::string& name);

  const ModelFacts& facts() const override { return facts_; }
  ModelFacts& facts() { return facts_; }

  backbone::Model& model() { return *model_; }
  /// Throw OptionError for the other kind.
  backbone::VisionModel& vision();
  backbone::LanguageModel& language();
  /// Throws OptionError that says which layers there are.
  const OpenedLayer& layer(std::int64_t index) const;
  const std::vector<OpenedLayer>& layers() const { return layers_; }

  /// Where the weights are, and their type.
  at::TensorOptions options() const;
  /// A model's input in that place, and pictures in that type.
  at::Tensor place(const at::Tensor& input) const;

  train::Preprocessing preprocessing = {};  ///< vision
  train::RecordedTokenizer tokenizer = {};  ///< language; null where there is none
  backbone::ModelConfig config = {};        ///< to build the same again

 private:
  std::unique_ptr<backbone::Model> model_;
  ModelFacts facts_;
  std::vector<OpenedLayer> layers_;
};

class OpenedStimulus final : public Stimulus {
 public:
  OpenedStimulus(std::string name, std::string sha256, at::Tensor tensor)
      : input(std::move(tensor)), name_(std::move(name)), sha256_(std::move(sha256)) {}

  const std::string& name() const override { return name_; }
  const std::string& sha256() const override { return sha256_; }
  Array pixels() const override { return shown; }
  const std::vector<std::string>& pieces() const override { return texts; }
  const std::vector<std::int64_t>& ids() const override { return tokens; }

  at::Tensor input;  ///< (1, C, H, W) normalised float32, or (1, L) int64; on the CPU
  Array shown = {};
  std::vector<std::string> texts = {};
  std::vector<std::int64_t> tokens = {};

 private:
  std::string name_, sha256_;
};

/// The object behind the interface; throw std::invalid_argument for one of another making.
OpenedSubject& opened(Subject& subject);
const OpenedSubject& opened(const Subject& subject);
const OpenedStimulus& opened(const Stimulus& stimulus);

/// Says how far it is, where somebody listens.
void report(const Progress& progress, const std::string& step, std::int64_t done,
            std::int64_t total);

}  // namespace hyena::inspect
