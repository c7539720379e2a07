#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "train/run_options.h"

/// A training run from options to a folder of results. No tensors here: shells need not see
/// LibTorch.
namespace hyena::train {

/// What a log line says.
struct StepReport {
  std::int64_t epoch = 0, epochs = 0;
  std::int64_t batch = 0, batches = 0;  ///< of the epoch, done and all
  std::int64_t update = 0;              ///< optimiser updates done
  double loss = 0;                      ///< mean since the last log line
  std::optional<double> top1 = {};      ///< percent since the last log line, as trained on
  double lr = 0;                        ///< largest of the groups
  double grad_norm = 0;                 ///< before clipping, of the last update
  double samples_per_second = 0;        ///< since the last log line
  const char* unit = "picture";         ///< of samples: "picture", "token"
  double wait_share = 0;                ///< part of that time spent waiting for data
  double eta_seconds = 0;               ///< to the end of the run
};

struct EvalReport {
  double loss = 0;
  /// By name: top1, top5 [percent]; perplexity, bits_per_byte.
  std::vector<std::pair<std::string, double>> metrics = {};

  /// The metric or "loss"; throws std::out_of_range for another name.
  double at(const std::string& name) const;
};

struct EpochReport {
  std::int64_t epoch = 0, epochs = 0;
  double train_loss = 0;
  std::optional<double> train_top1 = {};
  double lr = 0;
  double seconds = 0;
  std::optional<EvalReport> eval;      ///< of the weights
  std::optional<EvalReport> eval_ema;  ///< of their moving average
  bool best = false;                   ///< the best so far, kept as best.safetensors
};

/// Receives what a run has to say, on the run's thread.
class TrainObserver {
 public:
  virtual ~TrainObserver() = default;
  virtual void on_note(const std::string& /*text*/) {}
  virtual void on_step(const StepReport& /*report*/) {}
  virtual void on_eval_progress(std::int64_t /*done*/, std::int64_t /*total*/) {}
  virtual void on_epoch(const EpochReport& /*report*/) {}
};

/// How a run ended.
struct RunResult {
  std::filesystem::path folder;
  bool interrupted = false;
  double best = 0;
  std::int64_t best_epoch = -1;
  std::int64_t samples = 0;
  const char* unit = "picture";
  double seconds = 0;           ///< of training, without evaluation
  double flops_per_sample = 0;  ///< forward pass
  double peak_flops = 0;        ///< matrix product measured on the same device and threads, per s
};

/// Trains. The folder holds args.toml, summary.csv, log.jsonl, a TensorBoard event file,
/// last/best/checkpoint-N.safetensors and resume.safetensors, each written whole or not at all.
/// `stop` ends the run after the update under way, with everything saved.
/// Throws OptionError for contradicting options; std::runtime_error for unreadable data, a full
/// disk, and a loss that is not finite (naming the step, its samples and the last good
/// checkpoint).
RunResult train(const RunOptions& options, TrainObserver& observer, const std::atomic<bool>& stop);

/// Goes on with the run in `folder` from its last save. `changes` are options to change on the way,
/// e.g. {"epochs": 20}.
RunResult resume(const std::filesystem::path& folder, const nlohmann::json& changes,
                 TrainObserver& observer, const std::atomic<bool>& stop);

/// Options of the run in `folder` as it was started.
nlohmann::json options_of_run(const std::filesystem::path& folder);

/// Builds everything, trains nothing: shapes, parameters, FLOPs and memory as text.
std::string dry_run(const RunOptions& options);

}  // namespace hyena::train
