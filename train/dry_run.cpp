#include <sstream>

#include "backbone/ops/flops.h"
#include "train/experiment.h"
#include "train/trainer.h"
#include "train/utilisation.h"

namespace hyena::train {

std::string dry_run(const RunOptions& options) {
  const Experiment e = make_experiment(options);
  const double forward = e.task->flops_per_sample();
  std::int64_t trainable = 0, bytes = 0;
  for (const auto& parameter : e.model().parameters()) {
    if (!parameter.tensor.requires_grad()) continue;
    trainable += parameter.tensor.numel();
    bytes += static_cast<std::int64_t>(parameter.tensor.nbytes());
  }
  std::ostringstream out;
  out << "device       " << e.device.reason << "; " << e.threads << " threads\n"
      << "model        " << e.task->config().name << ": " << e.model().parameter_count()
      << " parameters, " << trainable << " of them trained\n"
      << "input        " << e.task->describe_shapes() << "\n"
      << "FLOPs        " << with_prefix(forward) << "FLOP forward, " << with_prefix(3 * forward)
      << "FLOP training, for one " << e.task->unit() << "\n"
      << "data         " << e.task->describe_data() << "\n"
      << "updates      " << e.updates_per_epoch << " an epoch, " << e.updates_per_epoch * e.epochs()
      << " in all (" << e.epochs() << " epochs)\n"
      << "memory       " << with_prefix(static_cast<double>(bytes)) << "B weights, "
      << with_prefix(4.0 * static_cast<double>(bytes))
      << "B with gradients and two moments; activations come on top\n"
      << "groups\n";
  for (const auto& group : e.optimizer->groups()) {
    out << "  " << group.name << ": " << group.parameters.size() << " tensors, lr "
        << group.base_lr * group.lr_scale << ", weight decay " << group.weight_decay << "\n";
  }
  return out.str();
}

}  // namespace hyena::train
