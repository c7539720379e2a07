#include "backbone/weights/torch_weights.h"

#include <algorithm>
#include <array>

#include "backbone/pickle/state_dict.h"
#include "backbone/pickle/torch_error.h"
#include "backbone/weights/pickle_json.h"

namespace hyena::backbone {
namespace {

/// What programs call the weights within a checkpoint.
constexpr std::array<std::string_view, 5> kContainers{"state_dict", "state_dict_ema", "model",
                                                      "module", "model_state_dict"};

bool is_container(const Value& key, const Value& value) {
  return key.kind == ValueKind::kText && value.kind == ValueKind::kDict &&
         std::ranges::find(kContainers, key.text) != kContainers.end();
}

std::string shown_name(const Value& key) {
  if (key.kind == ValueKind::kText) return std::string(key.text);
  return key.kind == ValueKind::kInteger ? std::to_string(key.integer) : value_text(key);
}

/// The settings of the model among the hyperparameters that Lightning stores, as JSON.
std::string settings_of(const PickleTree& tree) {
  const ValueId all = tree.find(tree.root, "hyper_parameters");
  if (all == kNoValue) return "";
  const nlohmann::json settings = json_of_value(tree, all);
  const auto model = settings.is_object() ? settings.find("model") : settings.end();
  if (model == settings.end() || !model->is_object()) return "";
  return model->dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

void TorchWeights::take(ValueId from, const std::string& prefix) {
  const StateDict found = flatten_state_dict(file_.tree(), from, name());
  for (const auto& [name, tensor] : found.tensors) {
    const PickledTensor& view = file_.tree().tensors[tensor];
    tensors_.push_back({.name = prefix + name,
                        .dtype = view.dtype,
                        .shape = view.shape,
                        .begin = 0,
                        .end = packed_bytes(view)});
    places_.push_back(tensor);
  }
  for (const auto& [name, type] : found.foreign) {
    left_out_.push_back(prefix + name + ": an object of class " + type);
  }
}

TorchWeights::TorchWeights(const std::filesystem::path& path)
    : WeightSource(path, "PyTorch"), file_(path) {
  size_ = file_.size();
  files_ = {path};
  const PickleTree& tree = file_.tree();
  const Value& root = tree.at(tree.root);
  if (root.kind == ValueKind::kTensor || root.kind == ValueKind::kForeign) {
    refuse_torch_file(name(), root.at,
                      "the file holds " + value_text(root) +
                          ", not tensors by name; save the model's state_dict()");
  }
  bool wrapped = false;
  for (std::size_t i = 0; root.kind == ValueKind::kDict && i + 1 < root.items.size(); i += 2) {
    wrapped |= is_container(tree.at(root.items[i]), tree.at(root.items[i + 1]));
  }
  if (!wrapped) {
    take(tree.root, "");
  } else {
    for (std::size_t i = 0; i + 1 < root.items.size(); i += 2) {
      const Value& key = tree.at(root.items[i]);
      const Value& value = tree.at(root.items[i + 1]);
      if (is_container(key, value)) {
        take(root.items[i + 1], std::string(key.text) + ".");
      } else {
        left_out_.push_back(shown_name(key) + ": " + value_text(value));
      }
    }
  }
  if (tensors_.empty()) refuse_torch_file(name(), root.at, "there are no tensors in this file");
  std::uint64_t growth = 0;
  for (const std::size_t tensor : places_) {
    growth += file_.growth(tree.tensors[tensor]);
    if (growth > std::uint64_t{1} << 30) {
      refuse_torch_file(name(), root.at,
                        "views repeat their storages to more than 2^30 bytes beyond them together");
    }
  }
  config_ = settings_of(tree);
  make_index();
}

void TorchWeights::read(const TensorEntry& entry, std::span<std::byte> out) const {
  const auto index = static_cast<std::size_t>(find(entry.name) - tensors_.data());
  file_.read(file_.tree().tensors[places_[index]], out);
}

}  // namespace hyena::backbone
