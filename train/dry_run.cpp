#include <sstream>

#include "backbone/ops/flops.h"
#include "train/experiment.h"
#include "train/trainer.h"
#include "train/utilisation.h"

namespace hyena::train {

std::string dry_run(const RunOptions& options) {
  const Experiment e = make_experiment(options);
  const auto info = e.model->info();
  const double forward = forward_flops(*e.model);
  std::int64_t trainable = 0, bytes = 0;
  for (const auto& parameter : e.model->parameters()) {
    if (!parameter.tensor.requires_grad()) continue;
    trainable += parameter.tensor.numel();
    bytes += static_cast<std::int64_t>(parameter.tensor.nbytes());
  }
  std::ostringstream out;
  out << "device       " << e.device.reason << "; " << e.threads << " threads\n"
      << "model        " << e.config.name << ": " << e.model->parameter_count() << " parameters, "
      << trainable << " of them trained\n"
      << "input        (" << options.batch_size << ", " << info.in_chans << ", " << info.img_size
      << ", " << info.img_size << ") -> (" << options.batch_size << ", " << info.num_classes
      << ")\n"
      << "FLOPs        " << with_prefix(forward) << "FLOP forward, " << with_prefix(3 * forward)
      << "FLOP training, for one picture\n"
      << "data         " << e.data->size() << " pictures to train on, " << e.data_val->size()
      << " to evaluate on, " << info.num_classes << " classes\n"
      << "updates      " << e.updates << " an epoch, " << e.updates * e.epochs() << " in all ("
      << e.epochs() << " epochs)\n"
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
