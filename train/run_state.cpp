#include "train/run_state.h"

#include <map>
#include <stdexcept>
#include <string>

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/grad_mode.h>

#include "backbone/tensor_file.h"

namespace hyena::train {
namespace {

using backbone::TensorMap;
using nlohmann::json;

constexpr const char* kKey = "hyena.run";
constexpr int kVersion = 1;

/// The generators whose numbers the run uses: the CPU's, and the current GPU's.
std::map<std::string, at::Generator> generators() {
  std::map<std::string, at::Generator> all = {{"rng/cpu", at::detail::getDefaultCPUGenerator()}};
  if (at::hasCUDA() && at::globalContext().hasCUDA()) {
    all.emplace("rng/cuda", at::globalContext().defaultGenerator(at::Device(at::kCUDA)));
  }
  return all;
}

json position_json(const Position& p) {
  return {{"epoch", p.epoch},     {"batch", p.batch},     {"update", p.update},
          {"samples", p.samples}, {"seconds", p.seconds}, {"loss_sum", p.loss_sum},
          {"correct", p.correct}, {"seen", p.seen},       {"keeper", p.keeper}};
}

Position position_of(const json& j) {
  Position p;
  p.epoch = j.at("epoch");
  p.batch = j.at("batch");
  p.update = j.at("update");
  p.samples = j.at("samples");
  p.seconds = j.at("seconds");
  p.loss_sum = j.at("loss_sum");
  p.correct = j.at("correct");
  p.seen = j.at("seen");
  p.keeper = j.at("keeper");
  return p;
}

json run_of(const backbone::SafetensorsFile& file) {
  const auto found = file.metadata().find(kKey);
  if (found == file.metadata().end()) {
    throw std::runtime_error(file.name() + " is no saved run: its metadata has no '" + kKey +
                             "'. --resume takes the folder that a run writes to");
  }
  const json run = json::parse(found->second, nullptr, false);
  if (run.is_discarded() || run.value("version", 0) != kVersion) {
    throw std::runtime_error(file.name() + ": the saved run is damaged or of another version");
  }
  return run;
}

/// The entries under "prefix/", without it.
TensorMap part(const TensorMap& tensors, const std::string& prefix) {
  TensorMap out;
  for (auto it = tensors.lower_bound(prefix + "/"); it != tensors.end(); ++it) {
    if (!it->first.starts_with(prefix + "/")) break;
    out.emplace(it->first.substr(prefix.size() + 1), it->second);
  }
  return out;
}

}  // namespace

void save_run_state(const std::filesystem::path& file, const backbone::Module& model,
                    const Optimizer& optimizer, const Ema* ema, const Position& position,
                    const json& options) {
  TensorMap tensors;
  for (const auto& entry : model.state()) {
    if (entry.alias_of.empty()) tensors.emplace("model/" + entry.name, entry.tensor);
  }
  for (auto& [name, tensor] : optimizer.state()) tensors.emplace("optimizer/" + name, tensor);
  if (ema != nullptr) {
    for (auto& [name, tensor] : ema->state()) tensors.emplace("ema/" + name, tensor);
  }
  for (auto& [name, generator] : generators()) {
    const std::lock_guard<std::mutex> lock(generator.mutex());
    tensors.emplace(name, generator.get_state());
  }
  const json run = {
      {"version", kVersion}, {"position", position_json(position)}, {"options", options}};
  backbone::write_tensors(file, tensors, {{kKey, run.dump()}});
}

json run_state_options(const std::filesystem::path& file) {
  if (!std::filesystem::exists(file)) {
    throw std::runtime_error(file.parent_path().string() + " holds no saved run: there is no " +
                             file.filename().string() +
                             " in it. --resume takes the folder that a run wrote to; one that "
                             "ended before its first save must be started anew");
  }
  const backbone::SafetensorsFile opened(file);
  return run_of(opened).at("options");
}

Position load_run_state(const std::filesystem::path& file, backbone::Module& model,
                        Optimizer& optimizer, Ema* ema) {
  const at::NoGradGuard no_grad;
  Position position;
  {
    const backbone::SafetensorsFile opened(file);
    position = position_of(run_of(opened).at("position"));
  }
  const TensorMap tensors = backbone::read_tensors(file);
  const TensorMap weights = part(tensors, "model");
  for (const auto& entry : model.state()) {
    if (!entry.alias_of.empty()) continue;
    const auto found = weights.find(entry.name);
    if (found == weights.end() || found->second.sizes() != entry.tensor.sizes()) {
      throw std::runtime_error(file.string() + ": '" + entry.name + "' " +
                               (found == weights.end() ? "is missing" : "has another shape") +
                               "; the options of the run must not change its model");
    }
    entry.tensor.copy_(found->second);
  }
  optimizer.load_state(part(tensors, "optimizer"));
  if (ema != nullptr) ema->load_state(part(tensors, "ema"));
  for (auto& [name, generator] : generators()) {
    const auto found = tensors.find(name);
    if (found == tensors.end()) continue;  // saved on a machine without this device
    const std::lock_guard<std::mutex> lock(generator.mutex());
    generator.set_state(found->second);
  }
  return position;
}

}  // namespace hyena::train
