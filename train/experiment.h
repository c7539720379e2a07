#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "train/device.h"
#include "train/ema.h"
#include "train/optimizer.h"
#include "train/run_options.h"
#include "train/schedule.h"
#include "train/task.h"
#include "train/train_step.h"

namespace hyena::train {

/// Everything a run works with, built from its options.
struct Experiment {
  RunOptions options;
  ChosenDevice device;
  int threads = 1;
  std::unique_ptr<Task> task;
  std::unique_ptr<Schedule> schedule;
  std::unique_ptr<Optimizer> optimizer;
  std::unique_ptr<Updates> updates;
  std::unique_ptr<Ema> ema;  ///< null when off
  std::int64_t batches = 0;  ///< of an epoch, limits included
  std::int64_t updates_per_epoch = 0;

  backbone::Model& model() const { return task->model(); }
  std::int64_t epochs() const { return schedule->total_epochs(); }
  /// Micro-batches in the update that batch `index` of an epoch belongs to.
  std::int64_t group_size(std::int64_t index) const;
};

/// Throws OptionError, datasets::ReadError or std::invalid_argument, each with a message for the
/// user. Seeds LibTorch's generators.
Experiment make_experiment(const RunOptions& options);

}  // namespace hyena::train
