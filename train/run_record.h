#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include <nlohmann/json.hpp>

#include "train/experiment.h"
#include "train/run/checkpoint_keeper.h"
#include "train/run/event_file.h"
#include "train/run/json_log.h"
#include "train/run/run_folder.h"
#include "train/run/summary_csv.h"
#include "train/run_state.h"
#include "train/trainer.h"

namespace hyena::train {

/// What a run leaves behind: the files of its folder.
class RunRecord {
 public:
  static constexpr const char* kStateFile = "resume.safetensors";

  /// A fresh run: makes the folder and writes args.toml. Throws OptionError when the folder holds a
  /// run already.
  static RunRecord create(const Experiment& experiment);
  /// The folder of a run that goes on from `position`: what it wrote after that is dropped.
  static RunRecord reopen(const Experiment& experiment, const Position& position);

  const std::filesystem::path& path() const { return folder_.path(); }
  std::filesystem::path state_file() const { return path() / kStateFile; }
  /// The newest checkpoint on disk; empty when there is none yet.
  std::filesystem::path last_good() const;

  void log_step(const StepReport& report);
  /// Names a sample that was replaced in training, once.
  void note_unreadable(const std::string& picture);

  /// Writes checkpoints, summary row and log lines of a finished epoch. Fills report.best.
  void write_epoch(EpochReport& report, const Experiment& experiment);

  nlohmann::json keeper_state() const { return keeper_.state(); }
  double best_metric() const { return keeper_.best_metric().value_or(0); }
  std::int64_t best_epoch() const { return keeper_.best_epoch().value_or(-1); }

 private:
  RunRecord(const Experiment& experiment, RunFolder folder, const Position& position);

  RunFolder folder_;
  CheckpointKeeper keeper_;
  std::unique_ptr<SummaryCsv> summary_;
  std::unique_ptr<JsonLog> log_;
  std::unique_ptr<EventFile> events_;
  std::vector<std::string> unreadable_;
  std::int64_t update_ = 0;
};

/// Written beside NAME.safetensors when a moving average is kept.
std::filesystem::path ema_sibling(const std::filesystem::path& checkpoint);

}  // namespace hyena::train
