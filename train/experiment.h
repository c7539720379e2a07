#pragma once

#include <memory>
#include <string>

#include <nlohmann/json.hpp>

#include "backbone/vision_model.h"
#include "datasets/loader.h"
#include "train/device.h"
#include "train/ema.h"
#include "train/feed.h"
#include "train/optimizer.h"
#include "train/preprocessing.h"
#include "train/run_options.h"
#include "train/schedule.h"
#include "train/train_step.h"

namespace hyena::train {

/// Everything a run works with, built from its options.
struct Experiment {
  RunOptions options;
  ChosenDevice device;
  int threads = 1;
  std::shared_ptr<const datasets::Dataset> data, data_val;
  std::unique_ptr<datasets::Loader> loader, val_loader;
  std::unique_ptr<Feed> feed;
  backbone::ModelConfig config;
  Preprocessing preprocessing;
  std::unique_ptr<backbone::VisionModel> model;
  std::unique_ptr<Schedule> schedule;
  std::unique_ptr<Optimizer> optimizer;
  std::unique_ptr<TrainStep> step;
  std::unique_ptr<Ema> ema;  ///< null when off
  std::string init_report;   ///< what --init took over; empty without
  std::int64_t batches = 0;  ///< of an epoch, limits included
  std::int64_t updates = 0;  ///< of an epoch

  std::int64_t epochs() const { return schedule->total_epochs(); }
  /// Micro-batches in the update that batch `index` of an epoch belongs to.
  std::int64_t group_size(std::int64_t index) const;
};

/// Throws OptionError, datasets::ReadError or std::invalid_argument, each with a message for the
/// user. Seeds LibTorch's generators.
Experiment make_experiment(const RunOptions& options);

}  // namespace hyena::train
