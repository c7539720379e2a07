#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <ATen/core/Tensor.h>
#include <nlohmann/json.hpp>

#include "backbone/model.h"
#include "train/trainer.h"

namespace hyena::train {

/// One forward and backward pass.
struct MicroBatch {
  at::Tensor loss;                    ///< (), the mean over the samples
  at::Tensor correct;                 ///< () number of samples guessed right; undefined: not asked
  std::int64_t samples = 0;           ///< pictures or tokens
  std::vector<std::int64_t> indices;  ///< what was in it, for name_of()
};

/// What a run trains on and for: data, model, loss and measure. The loop around it (updates,
/// schedule, averages, saving, resuming) is the same for all.
class Task {
 public:
  virtual ~Task() = default;

  virtual backbone::Model& model() = 0;
  virtual const backbone::ModelConfig& config() const = 0;
  /// "picture", "token": what samples are counted in.
  virtual const char* unit() const = 0;
  /// "60000 pictures to train on, 10000 to evaluate on".
  virtual std::string describe_data() const = 0;
  /// "(128, 1, 28, 28) -> (128, 10)".
  virtual std::string describe_shapes() const = 0;
  /// What --init took over; empty without.
  virtual std::string init_report() const { return {}; }

  /// Micro-batches of an epoch, before --limit-batches.
  virtual std::int64_t batches_per_epoch() const = 0;
  /// Of a micro-batch.
  virtual std::int64_t samples_per_batch() const = 0;

  /// The next micro-batch is `batch` of `epoch`, whatever came before.
  virtual void start(std::int64_t epoch, std::int64_t batch) = 0;
  virtual void stop() {}
  /// Adds the gradients of the next micro-batch, times `share`. With `again` of the last one once
  /// more (overfitting).
  virtual MicroBatch accumulate(double share, bool again) = 0;
  /// Seconds since start() spent waiting for data.
  virtual double wait_seconds() const { return 0; }
  /// The sample of an index, for messages.
  virtual std::string name_of(std::int64_t index) const = 0;
  /// Samples that could not be read and were replaced.
  virtual std::vector<std::string> unreadable() const { return {}; }

  /// Names of what evaluate() measures beside the loss, in order.
  virtual std::vector<std::string> metrics() const = 0;
  virtual EvalReport evaluate(const std::function<void(std::int64_t, std::int64_t)>& progress) = 0;

  /// FLOPs of the forward pass for one sample.
  virtual double flops_per_sample() = 0;

  /// Writes the model with everything needed to use it, whole or not at all.
  virtual void save(const std::filesystem::path& file, const nlohmann::json& results) = 0;
};

}  // namespace hyena::train
