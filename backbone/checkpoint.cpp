#include "backbone/checkpoint.h"

#include <algorithm>
#include <utility>

#include <ATen/ATen.h>

#include "backbone/infer_config.h"
#include "backbone/layers.h"
#include "backbone/models/mixer_choice.h"
#include "backbone/tensor_file.h"
#include "backbone/weights/open_weights.h"

namespace hyena::backbone {
namespace {

using nlohmann::json;

constexpr std::int64_t kFormatVersion = 1;

[[noreturn]] void damaged(const WeightSource& file, const std::string& reason) {
  throw ImportError(file.name() + ": the metadata '" + kModelKey + "' is damaged: " + reason);
}

/// What the program that wrote the file recorded.
ModelDescription recorded(const WeightSource& file, const std::string& text) {
  ModelDescription out;
  out.recorded = true;
  try {
    const json record = json::parse(text);
    const auto version = record.at("format_version").get<std::int64_t>();
    if (version > kFormatVersion) {
      throw ImportError(file.name() + ": written by a newer version of this program (format " +
                        std::to_string(version) + ", this one reads up to " +
                        std::to_string(kFormatVersion) + "); update to read it");
    }
    out.config.name = record.at("name").get<std::string>();
    // A name that this version no longer has: the stored options say everything anyway.
    const auto is_it = [&](const ModelEntry& entry) { return entry.name == out.config.name; };
    if (std::ranges::none_of(model_registry(), is_it)) {
      out.config.name = record.at("family").get<std::string>();
    }
    out.config.options = record.at("options");
    if (!out.config.options.is_object()) damaged(file, "the options are no object");
    const json& notes = record.at("notes");
    out.notes.class_names = notes.at("class_names").get<std::vector<std::string>>();
    out.notes.mean = notes.at("mean").get<std::vector<double>>();
    out.notes.std = notes.at("std").get<std::vector<double>>();
    out.notes.input_size = notes.at("input_size").get<std::int64_t>();
    out.notes.crop_pct = notes.at("crop_pct").get<double>();
    out.notes.training = notes.at("training");
    out.notes.tokenizer = notes.value("tokenizer", json());
  } catch (const json::exception& error) {
    // Without "[json.exception.…] ".
    const std::string what = error.what();
    damaged(file, what.substr(what.find("] ") + 2));
  }
  return out;
}

/// `overrides` with the options that are not the family's but its mixer's under "mixer_options":
/// whoever states one need not know whose it is.
json placed(const ModelConfig& config, const json& overrides) {
  if (!overrides.is_object()) return overrides;
  const json known = resolved_options(config);
  const auto mixer = known.find("mixer_options");
  json out = overrides;
  for (const auto& [name, value] : overrides.items()) {
    if (known.contains(name) || mixer == known.end() || !mixer->is_object() ||
        !mixer->contains(name)) {
      continue;
    }
    out["mixer_options"][name] = value;
    out.erase(name);
  }
  return out;
}

/// Whether a language model's head and embedding differ: shapes do not tell whether they are one.
bool own_head(const WeightSource& file) {
  const TensorEntry *head = nullptr, *embedding = nullptr;
  for (const TensorEntry& entry : file.tensors()) {
    if (entry.name.ends_with("lm_head.weight")) head = &entry;
    if (entry.name.ends_with("embeddings.weight") || entry.name.ends_with("embedding.weight")) {
      if (!entry.name.ends_with("position_embeddings.weight")) embedding = &entry;
    }
  }
  if (head == nullptr || embedding == nullptr || head->shape != embedding->shape) return false;
  return head->dtype != embedding->dtype ||
         !read_tensor(file, *head).equal(read_tensor(file, *embedding));
}

}  // namespace

json notes_to_json(const ModelNotes& notes) {
  return {{"class_names", notes.class_names},
          {"mean", notes.mean},
          {"std", notes.std},
          {"input_size", notes.input_size},
          {"crop_pct", notes.crop_pct},
          {"training", notes.training},
          {"tokenizer", notes.tokenizer}};
}

ModelDescription describe_model(const WeightSource& file, std::int64_t img_size) {
  const auto record = file.metadata().find(kModelKey);
  if (record != file.metadata().end()) return recorded(file, record->second);

  const auto inferred = infer_config(
      file.tensors(), {.img_size = img_size, .config = file.config(), .own_head = own_head(file)});
  if (!inferred) {
    std::string names;
    for (std::size_t i = 0; i < file.tensors().size() && i < 3; ++i) {
      names += (i == 0 ? " (" : ", ") + file.tensors()[i].name;
    }
    if (!names.empty()) names += file.tensors().size() > 3 ? ", …)" : ")";
    throw ImportError(file.name() +
                      ": no model configuration in the metadata, and the names of "
                      "its " +
                      std::to_string(file.tensors().size()) + " tensors" + names +
                      " fit no family of `hyena models`; `hyena inspect " + file.name() +
                      "` lists them");
  }
  if (!inferred->refused.empty()) throw ImportError(file.name() + ": " + inferred->refused);
  ModelDescription out;
  out.config = {.name = inferred->family, .options = inferred->options};
  out.assumed = inferred->assumed;
  out.notes.class_names = inferred->class_names;
  return out;
}

void save_model(const std::filesystem::path& path, const Module& model, const ModelConfig& config,
                const ModelNotes& notes, std::optional<at::ScalarType> weights) {
  TensorMap tensors;
  for (const NamedTensor& entry : model.state()) {
    if (!entry.alias_of.empty()) continue;
    const bool narrow = weights && entry.is_parameter && entry.tensor.is_floating_point() &&
                        entry.name.find(".pos_emb.") == entry.name.npos;
    tensors.emplace(entry.name, narrow ? entry.tensor.detach().to(*weights) : entry.tensor);
  }
  const json record = {{"format_version", kFormatVersion},
                       {"name", config.name},
                       {"family", find_model(config.name).family},
                       {"options", resolved_options(config)},
                       {"notes", notes_to_json(notes)}};
  // "format" is what loaders of the PyTorch world ask for.
  write_tensors(path, tensors, {{"format", "pt"}, {kModelKey, record.dump()}});
}

LoadedModel<> load_model(const std::filesystem::path& path, const json& overrides) {
  const auto file = open_weights(path);
  const auto size = overrides.find("img_size");
  const bool sized = size != overrides.end() && size->is_number_integer();
  LoadedModel<> out;
  out.description = describe_model(*file, sized ? size->get<std::int64_t>() : 0);
  ModelConfig& config = out.description.config;
  config.options = merge_family_options(config.options, placed(config, overrides));
  // An option that somebody states is no assumption any more.
  const json mixer = overrides.value("mixer_options", json::object());
  std::erase_if(out.description.assumed, [&](const std::string& line) {
    const std::string option = line.substr(0, line.find(':'));
    return overrides.contains(option) || (mixer.is_object() && mixer.contains(option));
  });
  {
    const UninitialisedWeights all_come_from_the_file;
    out.model = make_model(config);
  }
  out.report = load_weights(*out.model, *file);
  return out;
}

}  // namespace hyena::backbone
