#include "inspect/probe/opened_subject.h"

#include <cctype>
#include <cmath>
#include <map>
#include <stdexcept>
#include <utility>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "backbone/observer.h"

namespace hyena::inspect {
namespace {

using backbone::Mixer;
using backbone::OptionError;
using backbone::TokenGrid;

/// Rows of the tables of class and register tokens: they stand before the patches.
std::int64_t prefix_tokens(const backbone::Model& model) {
  std::int64_t count = 0;
  for (const auto& entry : model.state()) {
    if (entry.name == "cls_token" || entry.name == "reg_token") count += entry.tensor.size(1);
  }
  return count;
}

/// How many tokens each block handles, by the block's name: from one run with an empty picture.
std::map<std::string, std::int64_t> tokens_of_blocks(backbone::Model& model,
                                                     const std::vector<OpenedLayer>& layers) {
  std::map<std::string, std::int64_t> blocks;
  for (const OpenedLayer& layer : layers) blocks[layer.name.substr(0, layer.name.rfind('.'))] = 0;
  const at::NoGradGuard no_grad;
  const backbone::Observer observer(
      [&](const std::string& name, const at::Tensor& value) { blocks[name] = value.size(1); },
      [&](const std::string& name) { return blocks.contains(name); });
  auto& vision = dynamic_cast<backbone::VisionModel&>(model);
  const auto info = vision.info();
  const auto like = model.parameters().front().tensor.options().requires_grad(false);
  vision.forward_features(at::zeros({1, info.in_chans, info.img_size, info.img_size}, like));
  return blocks;
}

LayerFacts facts_of(const OpenedLayer& layer, const std::string& kind, std::int64_t d_model) {
  const at::NoGradGuard no_grad;
  LayerFacts facts{.name = layer.name, .mixer = kind, .causal = layer.mixer->causal()};
  const auto filters = layer.mixer->long_filters({});
  facts.channels = filters.channels > 0 ? filters.channels : d_model;
  if (filters.taps.defined()) {
    facts.filters = filters.over_map ? 1 : filters.taps.size(0);
    facts.filter_channels = filters.taps.size(filters.over_map ? 0 : 1);
  }
  facts.heads = filters.heads;
  facts.grid_height = layer.grid.height;
  facts.grid_width = layer.grid.width;
  facts.prefix = layer.grid.prefix;
  return facts;
}

/// The registry's name of a mixer, told by what only that one has.
std::string kind_of(Mixer& mixer) {
  bool operator1d = false, operator2d = false, attention = false, mha = false, separable = false;
  bool depthwise = false;
  for (const auto& entry : mixer.state()) {
    operator1d |= entry.name == "filter_fn.bias";
    operator2d |= entry.name == "pointwise_conv.weight";
    attention |= entry.name == "qkv.weight";
    mha |= entry.name == "Wqkv.weight";
    separable |= entry.name == "pwconv1.weight";
    depthwise |= entry.name == "dwconv.weight";
  }
  if (operator1d) return mixer.causal() ? "hyena" : "hyena_bidirectional";
  if (operator2d) return "hyena2d";
  if (attention) return "attention";
  if (mha) return "mha";
  if (separable) return "sep_conv";
  return depthwise ? "conv7x7" : "gated";
}

}  // namespace

OpenedSubject::OpenedSubject(std::unique_ptr<backbone::Model> model, const std::string& name)
    : model_(std::move(model)) {
  model_->train(false);
  for (auto& entry : model_->state()) {
    if (at::isFloatingType(entry.tensor.scalar_type())) entry.tensor.requires_grad_(false);
  }
  model_->for_each_module([&](const std::string& path, backbone::Module& module) {
    if (auto* mixer = dynamic_cast<Mixer*>(&module)) layers_.push_back({path, mixer, {}});
  });

  facts_.name = name;
  facts_.kind = model_->kind();
  facts_.parameters = model_->parameter_count();
  facts_.dtype = c10::toString(options().dtype().toScalarType());
  for (char& c : facts_.dtype) c = static_cast<char>(std::tolower(c));
  if (facts_.dtype == "float") facts_.dtype = "float32";
  facts_.device = options().device().str();
  if (auto* vision = dynamic_cast<backbone::VisionModel*>(model_.get())) {
    const auto info = vision->info();
    facts_.d_model = info.num_features;
    facts_.img_size = info.img_size;
    facts_.in_chans = info.in_chans;
    const auto prefix = prefix_tokens(*model_);
    const auto tokens = tokens_of_blocks(*model_, layers_);
    for (OpenedLayer& layer : layers_) {
      const auto patches = tokens.at(layer.name.substr(0, layer.name.rfind('.'))) - prefix;
      // The picture is a square, and so is every map of patches.
      const auto side = std::llround(std::sqrt(static_cast<double>(patches)));
      layer.grid = {.height = side, .width = side, .prefix = prefix};
    }
  } else {
    const auto info = language().info();
    facts_.d_model = info.d_model;
    facts_.max_len = info.max_len;
    facts_.vocab_size = info.vocab_size;
  }
  for (const OpenedLayer& layer : layers_) {
    facts_.layers.push_back(facts_of(layer, kind_of(*layer.mixer), facts_.d_model));
  }
}

backbone::VisionModel& OpenedSubject::vision() {
  if (auto* model = dynamic_cast<backbone::VisionModel*>(model_.get())) return *model;
  throw OptionError(facts_.name + " is a " + facts_.kind + ", and a picture classifier is wanted");
}

backbone::LanguageModel& OpenedSubject::language() {
  if (auto* model = dynamic_cast<backbone::LanguageModel*>(model_.get())) return *model;
  throw OptionError(facts_.name + " is a " + facts_.kind + ", and a language model is wanted");
}

const OpenedLayer& OpenedSubject::layer(std::int64_t index) const {
  if (index >= 0 && index < std::ssize(layers_)) return layers_[static_cast<std::size_t>(index)];
  throw OptionError("there is no layer " + std::to_string(index) + "; the model has layers 0 … " +
                    std::to_string(std::ssize(layers_) - 1));
}

at::TensorOptions OpenedSubject::options() const {
  return model_->parameters().front().tensor.options().requires_grad(false);
}

at::Tensor OpenedSubject::place(const at::Tensor& input) const {
  if (!at::isFloatingType(input.scalar_type())) return input.to(options().device());
  return input.to(options());
}

OpenedSubject& opened(Subject& subject) {
  if (auto* found = dynamic_cast<OpenedSubject*>(&subject)) return *found;
  throw std::invalid_argument("this subject was not made by open_subject");
}

const OpenedSubject& opened(const Subject& subject) {
  if (const auto* found = dynamic_cast<const OpenedSubject*>(&subject)) return *found;
  throw std::invalid_argument("this subject was not made by open_subject");
}

const OpenedStimulus& opened(const Stimulus& stimulus) {
  if (const auto* found = dynamic_cast<const OpenedStimulus*>(&stimulus)) return *found;
  throw std::invalid_argument("this stimulus was not made by open_picture or open_text");
}

void report(const Progress& progress, const std::string& step, std::int64_t done,
            std::int64_t total) {
  if (progress) progress(step, done, total);
}

}  // namespace hyena::inspect
