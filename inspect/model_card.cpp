#include "inspect/model_card.h"

#include <algorithm>
#include <cctype>
#include <stdexcept>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "backbone/ops/flops.h"
#include "backbone/tensor_file.h"
#include "backbone/weights/open_weights.h"

namespace hyena::inspect {

namespace bb = backbone;
using nlohmann::json;

namespace {

void add_part(std::vector<PartSize>& parts, const std::string& key, std::int64_t elements) {
  const std::string name = part_of(key);
  auto found = std::ranges::find(parts, name, &PartSize::part);
  if (found == parts.end()) found = parts.insert(found, PartSize{name, 0, 0});
  ++found->tensors;
  found->elements += elements;
}

/// float32 weights, gradients and two moments for what is trained, weights alone for the rest.
double training_bytes(const ModelCard& card) {
  const auto trained = static_cast<double>(card.parameters - card.frozen);
  const auto kept = static_cast<double>(card.frozen + card.buffers);
  return 4 * (4 * trained + kept);
}

/// The rows that come from the module tree; `stored` adds sizes and types, which a file knows
/// better.
void describe_state(const bb::Model& model, ModelCard& card, bool stored) {
  for (const bb::NamedTensor& entry : model.state()) {
    if (!entry.alias_of.empty()) continue;
    const std::int64_t n = entry.tensor.numel();
    (entry.is_parameter ? card.parameters : card.buffers) += n;
    if (entry.is_parameter && !entry.tensor.requires_grad()) card.frozen += n;
    add_part(card.parts, entry.name, n);
    if (!stored) continue;
    card.dtypes[std::string(bb::dtype_name(bb::dtype_of(entry.tensor.scalar_type())))] += n;
    card.weight_bytes += static_cast<double>(entry.tensor.nbytes());
  }
}

void describe_config(const bb::ModelConfig& config, ModelCard& card) {
  card.name = config.name;
  card.family = bb::find_model(config.name).family;
  card.options = bb::resolved_options(config);
}

void describe_input(const bb::Model& model, ModelCard& card) {
  if (const auto* vision = dynamic_cast<const bb::VisionModel*>(&model)) {
    card.info = vision->info();
  }
  if (const auto* language = dynamic_cast<const bb::LanguageModel*>(&model)) {
    card.language = language->info();
  }
}

}  // namespace

std::string part_of(const std::string& key) {
  std::vector<std::string> pieces;
  for (std::size_t at = 0; at <= key.size();) {
    const std::size_t dot = std::min(key.find('.', at), key.size());
    pieces.push_back(key.substr(at, dot - at));
    at = dot + 1;
  }
  const auto is_number = [](const std::string& piece) {
    return !piece.empty() &&
           std::ranges::all_of(piece, [](unsigned char c) { return std::isdigit(c) != 0; });
  };
  auto at = std::ranges::find_if(pieces, is_number);
  if (at == pieces.end()) return pieces.front();
  while (at != pieces.end() && is_number(*at)) *at++ = "*";
  // The piece behind the numbers names the part; safari calls all of them "layer".
  if (at != pieces.end() && *at == "layer" && at + 1 != pieces.end()) ++at;
  if (at != pieces.end()) ++at;
  std::string out;
  for (auto piece = pieces.begin(); piece != at; ++piece) {
    out += (out.empty() ? "" : ".") + *piece;
  }
  return out;
}

Compute forward_compute(bb::Model& model, std::int64_t input_size) {
  const at::NoGradGuard no_grad;
  const bool training = model.is_training();
  model.train(false);
  const bb::FlopCounter counter;
  try {
    model.run_blank(input_size);
  } catch (...) {
    model.train(training);
    throw;
  }
  model.train(training);
  return {.input_size = input_size,
          .input = model.describe_input(input_size),
          .flops = counter.total(),
          .by_kind = counter.by_kind()};
}

ModelCard model_card(bb::Model& model, const bb::ModelConfig& config) {
  ModelCard card;
  describe_config(config, card);
  describe_input(model, card);
  describe_state(model, card, /*stored=*/true);
  card.training_bytes = training_bytes(card);
  card.compute = forward_compute(model, model.input_size());
  return card;
}

ModelCard model_card(const std::filesystem::path& path, std::int64_t input_size,
                     const json& overrides) {
  const auto source = bb::open_weights(path);
  const bb::WeightSource& file = *source;
  ModelCard card;
  card.file = file.name();
  card.file_bytes = static_cast<std::int64_t>(file.size());
  card.metadata = file.metadata();
  card.metadata.erase(bb::kModelKey);
  std::vector<const bb::TensorEntry*> entries;
  for (const bb::TensorEntry& entry : file.tensors()) {
    entries.push_back(&entry);
    card.dtypes[std::string(bb::dtype_name(entry.dtype))] += entry.numel();
    card.weight_bytes += static_cast<double>(entry.end - entry.begin);
  }

  try {
    // First what the file says of itself, so that it stands here even if the weights do not fit.
    const bb::ModelDescription said = bb::describe_model(file);
    describe_config(said.config, card);
    card.recorded = said.recorded;
    card.assumed = said.assumed;
    card.notes = said.notes;

    const auto loaded = bb::load_model(path, overrides);
    describe_config(loaded.description.config, card);
    card.assumed = loaded.description.assumed;
    describe_input(*loaded.model, card);
    describe_state(*loaded.model, card, /*stored=*/false);
    try {
      auto* vision = dynamic_cast<bb::VisionModel*>(loaded.model.get());
      if (vision != nullptr && input_size > 0 && input_size != card.info.img_size) {
        vision->set_img_size(input_size);
      }
      card.compute =
          forward_compute(*loaded.model, input_size > 0 ? input_size : loaded.model->input_size());
    } catch (const bb::OptionError& error) {
      card.problems.push_back(std::string("operations not counted: ") + error.what());
    }
  } catch (const std::runtime_error& error) {
    // Not one of ours, or damaged: the rows that need no model remain.
    card.problems.emplace_back(error.what());
    std::ranges::sort(entries, {}, [](const auto* entry) { return entry->name; });
    for (const bb::TensorEntry* entry : entries) {
      card.parameters += entry->numel();
      add_part(card.parts, entry->name, entry->numel());
    }
  }
  card.training_bytes = training_bytes(card);
  return card;
}

}  // namespace hyena::inspect
