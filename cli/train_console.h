#pragma once

#include <iostream>

#include "train/run/progress_line.h"
#include "train/trainer.h"

namespace hyena::cli {

/// Shows a training run on the terminal: one line that moves, one that stays for each epoch; plain
/// lines where the output is no terminal.
class TrainConsole final : public train::TrainObserver {
 public:
  TrainConsole();
  void on_note(const std::string& text) override;
  void on_step(const train::StepReport& report) override;
  void on_eval_progress(std::int64_t done, std::int64_t total) override;
  void on_epoch(const train::EpochReport& report) override;

  /// The closing lines: best epoch, where everything lies, FLOPs and utilisation.
  void finish(const train::RunResult& result);

 private:
  train::ProgressLine line_;
  bool terminal_;
};

}  // namespace hyena::cli
