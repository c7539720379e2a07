#include "train/experiment.h"

#include <algorithm>

#include <ATen/ATen.h>

#include "backbone/options.h"
#include "train/tasks.h"

namespace hyena::train {

std::int64_t Experiment::group_size(std::int64_t index) const {
  const std::int64_t first = index / options.grad_accum * options.grad_accum;
  return std::min(options.grad_accum, batches - first);
}

Experiment make_experiment(const RunOptions& options) {
  Experiment e;
  e.options = options;
  backbone::OptionsOf<RunOptions> any(e.options);
  backbone::check_options(any, "options");
  e.device = choose_device(options.device);
  e.threads = use_threads(options.threads);
  e.task = make_task(e.options, e.device.device);

  e.batches = options.overfit_batch ? 1 : e.task->batches_per_epoch();
  if (options.limit_batches > 0) {
    // Overfitting repeats its one batch; elsewhere the limit shortens the epoch.
    e.batches =
        options.overfit_batch ? options.limit_batches : std::min(e.batches, options.limit_batches);
  }
  e.updates_per_epoch = (e.batches + options.grad_accum - 1) / options.grad_accum;
  e.schedule = make_schedule(options.schedule, options.epochs, e.updates_per_epoch);
  e.optimizer = make_optimizer(make_parameter_groups(e.model(), options.groups), options.optimizer);
  e.updates = std::make_unique<Updates>(e.model(), *e.optimizer, *e.schedule, options.clip);
  if (options.ema.model_ema) e.ema = std::make_unique<Ema>(e.model(), options.ema);
  return e;
}

}  // namespace hyena::train
