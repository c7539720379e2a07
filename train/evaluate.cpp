#include "train/evaluate.h"

#include <algorithm>
#include <stdexcept>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "train/autocast.h"
#include "train/losses.h"

namespace hyena::train {
Evaluation evaluate(backbone::VisionModel& model, datasets::Loader& loader, const Feed& feed,
                    bool amp, std::int64_t limit, const BatchProgress& progress) {
  const at::NoGradGuard no_grad;
  model.train(false);
  Evaluation result;
  result.num_classes = model.info().num_classes;
  const std::int64_t classes = result.num_classes;
  const std::int64_t guesses = std::min<std::int64_t>(5, classes);
  std::int64_t total = loader.batches_per_epoch();
  if (limit > 0) total = std::min(total, limit);

  at::Tensor loss, first, among, confusion;
  loader.start(0);
  for (std::int64_t done = 0; done < total; ++done) {
    const auto batch = loader.next();
    if (!batch) break;
    if (batch->labels.max().item<std::int64_t>() >= classes) {
      throw std::runtime_error("the data has a label " +
                               std::to_string(batch->labels.max().item<std::int64_t>()) +
                               ", the model only " + std::to_string(classes) + " classes (0 to " +
                               std::to_string(classes - 1) + ")");
    }
    const auto input = feed.for_evaluation(*batch);
    at::Tensor logits;
    {
      const Autocast autocast(amp, input.images.device().type());
      logits = model.forward(input.images);
    }
    // Sums in double: the mean must not depend on where batches are cut.
    const auto precise = logits.to(at::kFloat).to(at::kDouble);
    const auto batch_loss =
        cross_entropy(precise, input.labels) * static_cast<double>(input.labels.size(0));
    const auto top = std::get<1>(precise.topk(guesses, 1));
    const auto hits = top.eq(input.labels.unsqueeze(1));
    const auto cells =
        at::bincount(input.labels * classes + top.select(1, 0), {}, classes * classes);
    if (!loss.defined()) {
      loss = at::zeros_like(batch_loss);
      first = at::zeros({}, hits.options().dtype(at::kLong));
      among = at::zeros_like(first);
      confusion = at::zeros_like(cells);
    }
    loss += batch_loss;
    first += hits.select(1, 0).sum();
    among += hits.sum();
    confusion += cells;
    result.pictures += input.labels.size(0);
    if (progress && !progress(done + 1, total)) break;
  }
  loader.stop();
  if (result.pictures == 0) throw std::runtime_error("there is no picture to evaluate on");
  const auto n = static_cast<double>(result.pictures);
  result.loss = loss.item<double>() / n;
  result.top1 = 100.0 * static_cast<double>(first.item<std::int64_t>()) / n;
  result.top5 = 100.0 * static_cast<double>(among.item<std::int64_t>()) / n;
  confusion = confusion.to(at::kCPU).contiguous();
  result.confusion.assign(confusion.data_ptr<std::int64_t>(),
                          confusion.data_ptr<std::int64_t>() + confusion.numel());
  return result;
}

}  // namespace hyena::train
