#include "train/run/checkpoint_keeper.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace hyena::train {

using nlohmann::json;

bool CheckpointKeeper::better(const Kept& a, const Kept& b) const {
  if (a.metric.has_value() != b.metric.has_value()) return a.metric.has_value();
  if (!a.metric) return a.epoch > b.epoch;
  if (*a.metric != *b.metric) {
    return options_.larger_is_better ? *a.metric > *b.metric : *a.metric < *b.metric;
  }
  return a.epoch < b.epoch;
}

std::string CheckpointKeeper::file(std::int64_t epoch) const {
  return "checkpoint-" + std::to_string(epoch) + options_.suffix;
}

CheckpointKeeper::Decision CheckpointKeeper::add(std::int64_t epoch, std::optional<double> metric) {
  if (metric && !std::isfinite(*metric)) metric.reset();
  Decision decision;
  // An epoch that is run again after a resume replaces its earlier self.
  std::erase_if(kept_, [&](const Kept& kept) { return kept.epoch == epoch; });
  kept_.push_back({epoch, metric});
  std::ranges::sort(kept_, [this](const Kept& a, const Kept& b) { return better(a, b); });
  bool stays = true;
  while (kept_.size() > static_cast<std::size_t>(std::max<std::int64_t>(0, options_.keep))) {
    if (kept_.back().epoch == epoch) {
      stays = false;
    } else {
      decision.remove.push_back(file(kept_.back().epoch));
    }
    kept_.pop_back();
  }
  if (stays) decision.write.push_back(file(epoch));
  if (metric && (!best_metric_ || best_epoch_ == epoch ||
                 better({epoch, metric}, {*best_epoch_, best_metric_}))) {
    best_metric_ = metric;
    best_epoch_ = epoch;
    decision.is_best = true;
    decision.write.push_back("best" + options_.suffix);
  }
  decision.write.push_back("last" + options_.suffix);
  return decision;
}

json CheckpointKeeper::state() const {
  json kept = json::array();
  for (const Kept& entry : kept_) {
    kept.push_back(
        {{"epoch", entry.epoch}, {"metric", entry.metric ? json(*entry.metric) : json(nullptr)}});
  }
  return {{"kept", kept},
          {"best_epoch", best_epoch_ ? json(*best_epoch_) : json(nullptr)},
          {"best_metric", best_metric_ ? json(*best_metric_) : json(nullptr)}};
}

std::vector<std::string> CheckpointKeeper::restore(const json& state,
                                                   const std::filesystem::path& folder) {
  const auto number = [](const json& value) {
    return value.is_null() ? std::nullopt : std::optional(value.get<double>());
  };
  std::vector<Kept> kept;
  std::vector<std::string> known;
  std::optional<std::int64_t> best_epoch;
  std::optional<double> best_metric;
  try {
    for (const json& entry : state.at("kept")) {
      kept.push_back({entry.at("epoch").get<std::int64_t>(), number(entry.at("metric"))});
      known.push_back(file(kept.back().epoch));
    }
    if (!state.at("best_epoch").is_null()) best_epoch = state.at("best_epoch").get<std::int64_t>();
    best_metric = number(state.at("best_metric"));
    if (best_epoch.has_value() != best_metric.has_value()) {
      throw std::runtime_error("best_epoch and best_metric must come together");
    }
  } catch (const std::exception& error) {
    throw std::runtime_error(std::string("the checkpoint's list of kept files is damaged: ") +
                             error.what());
  }
  std::erase_if(kept, [&](const Kept& entry) {
    return !std::filesystem::exists(folder / file(entry.epoch));
  });
  kept_ = std::move(kept);
  best_epoch_ = best_epoch;
  best_metric_ = best_metric;

  std::vector<std::string> stale;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
    const std::string name = entry.path().filename().string();
    const std::string_view prefix = "checkpoint-";
    if (!name.starts_with(prefix) || !name.ends_with(options_.suffix) ||
        name.size() <= prefix.size() + options_.suffix.size()) {
      continue;
    }
    const std::string_view digits = std::string_view(name).substr(
        prefix.size(), name.size() - prefix.size() - options_.suffix.size());
    const bool ours = std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; });
    if (ours && std::ranges::find(known, name) == known.end()) stale.push_back(name);
  }
  std::ranges::sort(stale);
  return stale;
}

}  // namespace hyena::train
