#include "train/experiment.h"

#include <algorithm>

#include <ATen/ATen.h>

#include "backbone/models/mixer_choice.h"
#include "backbone/options.h"
#include "train/finetune.h"

namespace hyena::train {
namespace {

using backbone::OptionError;
using nlohmann::json;

/// The side the model is built for: asked for, or the data's own, or the model's.
std::int64_t picture_size(const RunOptions& options, const datasets::DatasetInfo& info,
                          const json& model_defaults) {
  if (options.transform.img_size > 0) return options.transform.img_size;
  if (info.height > 0) return std::max(info.height, info.width);
  return model_defaults.at("img_size");
}

void open_data(Experiment& e) {
  const RunOptions& o = e.options;
  if (o.data.empty()) {
    throw OptionError("no data: say --data fashion-mnist, --data folder:PATH or another one");
  }
  e.data = datasets::open_dataset(o.data, datasets::Split::kTrain);
  e.data_val =
      datasets::open_dataset(o.data_val.empty() ? o.data : o.data_val, datasets::Split::kTest);
  if (e.data->info().num_classes != e.data_val->info().num_classes) {
    throw OptionError("the data to train on has " + std::to_string(e.data->info().num_classes) +
                      " classes, the data to evaluate on " +
                      std::to_string(e.data_val->info().num_classes));
  }
}

void make_the_model(Experiment& e) {
  const RunOptions& o = e.options;
  const auto& info = e.data->info();
  e.config = {.name = o.model, .options = o.model_options};
  const json defaults = backbone::resolved_options(e.config);
  const std::int64_t size = picture_size(o, info, defaults);
  const std::int64_t channels = o.transform.in_chans > 0 ? o.transform.in_chans : info.channels;
  e.config.options = backbone::merge_family_options(
      o.model_options,
      {{"img_size", size}, {"in_chans", channels}, {"num_classes", info.num_classes}});

  auto& pre = e.preprocessing;
  auto transform = o.transform;
  transform.img_size = size;
  transform.in_chans = channels;
  const auto statistics = datasets::channel_statistics(transform, info, channels);
  pre.img_size = size;
  pre.in_chans = channels;
  pre.mean = statistics.mean;
  pre.std = statistics.std;
  pre.crop_pct = o.transform.crop_pct > 0 ? o.transform.crop_pct : info.height > 0 ? 1.0 : 0.875;
  pre.interpolation = o.transform.interpolation;
  pre.class_names =
      o.class_names.empty() ? info.class_names : rename_classes(info.class_names, o.class_names);
  pre.val_batch_size = o.val_batch_size > 0 ? o.val_batch_size : o.batch_size;

  at::manual_seed(static_cast<std::uint64_t>(o.seed));
  if (o.init.empty()) {
    e.model = backbone::make_model<backbone::VisionModel>(e.config);
  } else {
    auto started = start_from(o.init, e.config, info.num_classes);
    e.model = std::move(started.model);
    e.config = std::move(started.config);
    e.init_report = std::move(started.report);
    // What the file decided is what the run's record must say, for --resume and for args.toml.
    e.options.model = e.config.name;
    e.options.model_options = e.config.options;
  }
  freeze(*e.model, o.freeze);
  e.model->to(e.device.device);
}

void make_loaders(Experiment& e) {
  const RunOptions& o = e.options;
  auto transform = o.transform;
  transform.img_size = e.preprocessing.img_size;
  transform.in_chans = e.preprocessing.in_chans;
  datasets::LoaderOptions training{.batch_size = o.batch_size,
                                   .workers = o.workers,
                                   .prefetch = o.prefetch,
                                   .seed = static_cast<std::uint64_t>(o.seed)};
  training.pin_memory = e.device.device.is_cuda();
  // Fewer pictures than a batch: train on them all rather than on none.
  training.drop_last = e.data->size() >= o.batch_size;
  auto validation = training;
  validation.batch_size = e.preprocessing.val_batch_size;
  validation.shuffle = false;
  validation.drop_last = false;
  validation.replace_unreadable = false;
  e.loader = std::make_unique<datasets::Loader>(
      e.data, datasets::make_train_transform(transform, e.data->info()), training);
  e.val_loader = std::make_unique<datasets::Loader>(
      e.data_val,
      datasets::make_eval_transform(e.preprocessing.transform_options(), e.data_val->info()),
      validation);

  Feed::Settings feed;
  feed.device = e.device.device;
  feed.statistics = {.mean = e.preprocessing.mean, .std = e.preprocessing.std};
  feed.channels_last = o.channels_last;
  feed.num_classes = e.model->info().num_classes;
  feed.seed = static_cast<std::uint64_t>(o.seed);
  feed.erasing = {
      .probability = o.transform.reprob, .mode = o.transform.remode, .count = o.transform.recount};
  feed.mixing = o.mixing;
  feed.smoothing = o.loss.smoothing;
  e.feed = std::make_unique<Feed>(feed);
}

}  // namespace

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
  open_data(e);
  make_the_model(e);
  make_loaders(e);

  e.batches = options.overfit_batch ? 1 : e.loader->batches_per_epoch();
  if (options.limit_batches > 0) {
    // Overfitting repeats its one batch; elsewhere the limit shortens the epoch.
    e.batches =
        options.overfit_batch ? options.limit_batches : std::min(e.batches, options.limit_batches);
  }
  e.updates = (e.batches + options.grad_accum - 1) / options.grad_accum;
  e.schedule = make_schedule(options.schedule, options.epochs, e.updates);
  e.optimizer = make_optimizer(make_parameter_groups(*e.model, options.groups), options.optimizer);
  e.step = std::make_unique<TrainStep>(*e.model, *e.optimizer, *e.schedule, make_loss(options.loss),
                                       options.clip, options.amp);
  if (options.ema.model_ema) e.ema = std::make_unique<Ema>(*e.model, options.ema);
  return e;
}

}  // namespace hyena::train
