#include "inspect/subject.h"

#include <filesystem>
#include <utility>

#include <ATen/ATen.h>

#include "backbone/checkpoint.h"
#include "backbone/weights/open_weights.h"
#include "backbone/weights/sha256.h"
#include "datasets/normalise.h"
#include "datasets/picture_codec.h"
#include "datasets/transforms.h"
#include "inspect/probe/opened_subject.h"
#include "train/device.h"
#include "train/language_model_file.h"
#include "train/saved_model.h"

namespace hyena::inspect {
namespace {

using backbone::OptionError;
namespace fs = std::filesystem;

constexpr std::int64_t kSteps = 4;

struct Device {
  train::ChosenDevice chosen;
  std::string note;
};

/// A GPU that is not there is replaced, and the facts say so: looking works on any machine.
Device device_for(const std::string& name) {
  try {
    return {train::choose_device(name), ""};
  } catch (const OptionError& error) {
    if (!name.starts_with("cuda")) throw;
    return {train::choose_device("cpu"), error.what()};
  }
}

std::string kind_of_file(const std::string& file) {
  const auto description = backbone::describe_model(*backbone::open_weights(file));
  return backbone::find_family(backbone::find_model(description.config.name).family).kind;
}

/// The same architecture, freshly drawn.
std::unique_ptr<backbone::Model> fresh(const backbone::ModelConfig& config) {
  at::manual_seed(0);
  return backbone::make_model(config);
}

std::string sha256_of(const fs::path& path) {
  // A folder of shards has no bytes of its own.
  return fs::is_directory(path) ? "" : backbone::sha256_of_file(path);
}

}  // namespace

std::shared_ptr<Subject> open_subject(const SubjectRequest& request, const Progress& progress) {
  if (request.model.empty()) throw OptionError("no model: say --model FILE.safetensors");
  report(progress, "checksum", 0, kSteps);
  const auto sha256 = sha256_of(request.model);
  report(progress, "description", 1, kSteps);
  const bool vision = kind_of_file(request.model) == backbone::VisionModel::kKind;
  const auto device = device_for(request.device);
  train::use_threads(request.threads);
  report(progress, "weights", 2, kSteps);

  std::unique_ptr<backbone::Model> model;
  backbone::ModelConfig config;
  train::Preprocessing preprocessing;
  train::RecordedTokenizer tokenizer;
  if (vision) {
    auto saved = train::open_saved_model(request.model, request.img_size, request.model_options);
    config = saved.config;
    preprocessing = std::move(saved.preprocessing);
    model = std::move(saved.model);
  } else {
    auto loaded = train::open_language_model({.model = request.model,
                                              .tokenizer = request.tokenizer,
                                              .device = "cpu",
                                              .threads = request.threads,
                                              .model_options = request.model_options});
    config = loaded.config;
    tokenizer = std::move(loaded.tokenizer);
    model = std::move(loaded.model);
  }
  if (request.initial) model = fresh(config);
  model->to(device.chosen.device);
  report(progress, "layers", 3, kSteps);
  auto subject = std::make_shared<OpenedSubject>(std::move(model), config.name);
  auto& facts = subject->facts();
  facts.file = fs::path(request.model).filename().string();
  facts.sha256 = sha256;
  facts.device_note = device.note;
  facts.has_tokenizer = tokenizer.tokenizer != nullptr;
  facts.classes = preprocessing.class_names;
  subject->config = std::move(config);
  subject->preprocessing = std::move(preprocessing);
  subject->tokenizer = std::move(tokenizer);
  report(progress, "layers", kSteps, kSteps);
  return subject;
}

std::shared_ptr<const Stimulus> open_picture(const Subject& subject, const std::string& file) {
  const auto& model = opened(subject);
  if (!model.facts().vision()) {
    throw OptionError(model.facts().name + " reads text, not pictures; give it a prompt");
  }
  const auto& pre = model.preprocessing;
  const auto picture = datasets::read_picture(file);
  datasets::DatasetInfo any_size;
  any_size.channels = pre.in_chans;
  const auto transform = datasets::make_eval_transform(pre.transform_options(), any_size);
  auto planes =
      at::empty({1, transform.channels(), transform.height(), transform.width()}, at::kByte);
  datasets::Random draws(0);  // evaluation draws nothing
  transform(picture, draws, planes.data_ptr<std::uint8_t>());
  const datasets::Normalise normalise({.mean = pre.mean, .std = pre.std}, at::kCPU);
  auto out = std::make_shared<OpenedStimulus>(fs::path(file).filename().string(),
                                              backbone::sha256_of_file(file), normalise(planes));
  const auto shown =
      (planes[0].to(at::kFloat) / 255).expand({3, -1, -1}).permute({1, 2, 0}).contiguous();
  const auto* first = shown.const_data_ptr<float>();
  out->shown = Array("pixels", {"row", "column", "colour"}, {shown.size(0), shown.size(1), 3},
                     std::vector<float>(first, first + shown.numel()));
  return out;
}

std::shared_ptr<const Stimulus> open_text(const Subject& subject, const std::string& text) {
  const auto& model = opened(subject);
  if (model.facts().vision()) {
    throw OptionError(model.facts().name + " reads pictures, not text; give it a picture");
  }
  const auto* tokenizer = model.tokenizer.tokenizer.get();
  if (tokenizer == nullptr) {
    throw OptionError(
        "the model's file carries no tokenizer; name one by --tokenizer bytes, "
        "characters:FILE, gpt2:FOLDER or another one");
  }
  const auto ids = tokenizer->encode(text);
  const std::int64_t longest = model.facts().max_len;
  if (ids.empty()) throw OptionError("the text is empty; at least one token is needed");
  if (longest > 0 && std::ssize(ids) > longest) {
    throw OptionError("the text has " + std::to_string(ids.size()) +
                      " tokens and the model takes at most " + std::to_string(longest) +
                      "; shorten it");
  }
  std::vector<std::int64_t> tokens(ids.begin(), ids.end());
  auto out = std::make_shared<OpenedStimulus>(text, backbone::sha256(text),
                                              at::tensor(tokens, at::kLong).unsqueeze(0));
  for (const auto id : ids) out->texts.emplace_back(tokenizer->bytes(id));
  out->tokens = std::move(tokens);
  return out;
}

}  // namespace hyena::inspect
