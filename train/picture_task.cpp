#include <algorithm>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>

#include <ATen/ATen.h>

#include "backbone/models/mixer_choice.h"
#include "backbone/options.h"
#include "datasets/loader.h"
#include "train/evaluate.h"
#include "train/feed.h"
#include "train/finetune.h"
#include "train/preprocessing.h"
#include "train/saved_model.h"
#include "train/tasks.h"
#include "train/train_step.h"
#include "train/utilisation.h"

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

/// Classifies pictures.
class PictureTask final : public Task {
 public:
  PictureTask(RunOptions& options, c10::Device device) : options_(options), device_(device) {
    open_data();
    make_the_model(options);
    options_ = options;
    make_loaders();
    loss_ = make_loss(options.loss);
  }

  backbone::Model& model() override { return *model_; }
  const backbone::ModelConfig& config() const override { return config_; }
  const char* unit() const override { return "picture"; }
  std::string describe_data() const override {
    return std::to_string(data_->size()) + " pictures to train on, " +
           std::to_string(data_val_->size()) + " to evaluate on, " +
           std::to_string(data_->info().num_classes) + " classes";
  }
  std::string describe_shapes() const override {
    const auto info = model_->info();
    const auto batch = std::to_string(options_.batch_size);
    const auto side = std::to_string(info.img_size);
    return "(" + batch + ", " + std::to_string(info.in_chans) + ", " + side + ", " + side +
           ") -> (" + batch + ", " + std::to_string(info.num_classes) + ")";
  }
  std::string init_report() const override { return init_report_; }

  std::int64_t batches_per_epoch() const override { return loader_->batches_per_epoch(); }
  std::int64_t samples_per_batch() const override { return options_.batch_size; }
  void start(std::int64_t epoch, std::int64_t batch) override {
    mix_ = options_.mixup_off_epoch == 0 || epoch < options_.mixup_off_epoch;
    loader_->start(epoch, batch);
  }
  void stop() override { loader_->stop(); }
  MicroBatch accumulate(double share, bool again) override;
  double wait_seconds() const override { return loader_->wait_seconds(); }
  std::string name_of(std::int64_t index) const override { return data_->name(index); }
  std::vector<std::string> unreadable() const override { return loader_->unreadable(); }

  std::vector<std::string> metrics() const override { return {"top1", "top5"}; }
  EvalReport evaluate(const std::function<void(std::int64_t, std::int64_t)>& progress) override;
  double flops_per_sample() override { return forward_flops(*model_); }
  void save(const std::filesystem::path& file, const json& results) override {
    save_model_file(file, *model_, config_, preprocessing_, results);
  }

 private:
  void open_data();
  void make_the_model(RunOptions& options);
  void make_loaders();

  RunOptions options_;
  c10::Device device_;
  std::shared_ptr<const datasets::Dataset> data_, data_val_;
  std::unique_ptr<datasets::Loader> loader_, val_loader_;
  std::unique_ptr<Feed> feed_;
  backbone::ModelConfig config_;
  Preprocessing preprocessing_;
  std::unique_ptr<backbone::VisionModel> model_;
  std::string init_report_;
  Loss loss_;
  bool mix_ = true;
  std::optional<datasets::Batch> batch_;
};

void PictureTask::open_data() {
  const RunOptions& o = options_;
  if (o.data.empty()) {
    throw OptionError("no data: say --data fashion-mnist, --data folder:PATH or another one");
  }
  data_ = datasets::open_dataset(o.data, datasets::Split::kTrain);
  data_val_ =
      datasets::open_dataset(o.data_val.empty() ? o.data : o.data_val, datasets::Split::kTest);
  if (data_->info().num_classes != data_val_->info().num_classes) {
    throw OptionError("the data to train on has " + std::to_string(data_->info().num_classes) +
                      " classes, the data to evaluate on " +
                      std::to_string(data_val_->info().num_classes));
  }
}

void PictureTask::make_the_model(RunOptions& o) {
  const auto& info = data_->info();
  config_ = {.name = o.model, .options = o.model_options};
  const json defaults = backbone::resolved_options(config_);
  const std::int64_t size = picture_size(o, info, defaults);
  const std::int64_t channels = o.transform.in_chans > 0 ? o.transform.in_chans : info.channels;
  config_.options = backbone::merge_family_options(
      o.model_options,
      {{"img_size", size}, {"in_chans", channels}, {"num_classes", info.num_classes}});

  auto& pre = preprocessing_;
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
    model_ = backbone::make_model<backbone::VisionModel>(config_);
  } else {
    auto started = start_from(o.init, config_, info.num_classes);
    model_ = std::move(started.model);
    config_ = std::move(started.config);
    init_report_ = std::move(started.report);
    // What the file decided is what the run's record must say, for --resume and for args.toml.
    o.model = config_.name;
    o.model_options = config_.options;
  }
  freeze(*model_, o.freeze);
  model_->to(device_);
}

void PictureTask::make_loaders() {
  const RunOptions& o = options_;
  auto transform = o.transform;
  transform.img_size = preprocessing_.img_size;
  transform.in_chans = preprocessing_.in_chans;
  datasets::LoaderOptions training{.batch_size = o.batch_size,
                                   .workers = o.workers,
                                   .prefetch = o.prefetch,
                                   .seed = static_cast<std::uint64_t>(o.seed)};
  training.pin_memory = device_.is_cuda();
  // Fewer pictures than a batch: train on them all rather than on none.
  training.drop_last = data_->size() >= o.batch_size;
  auto validation = training;
  validation.batch_size = preprocessing_.val_batch_size;
  validation.shuffle = false;
  validation.drop_last = false;
  validation.replace_unreadable = false;
  loader_ = std::make_unique<datasets::Loader>(
      data_, datasets::make_train_transform(transform, data_->info()), training);
  val_loader_ = std::make_unique<datasets::Loader>(
      data_val_,
      datasets::make_eval_transform(preprocessing_.transform_options(), data_val_->info()),
      validation);

  Feed::Settings feed;
  feed.device = device_;
  feed.statistics = {.mean = preprocessing_.mean, .std = preprocessing_.std};
  feed.channels_last = o.channels_last;
  feed.num_classes = model_->info().num_classes;
  feed.seed = static_cast<std::uint64_t>(o.seed);
  feed.erasing = {
      .probability = o.transform.reprob, .mode = o.transform.remode, .count = o.transform.recount};
  feed.mixing = o.mixing;
  feed.smoothing = o.loss.smoothing;
  feed_ = std::make_unique<Feed>(feed);
}

MicroBatch PictureTask::accumulate(double share, bool again) {
  if (!again || !batch_) batch_ = loader_->next();
  if (!batch_) throw std::runtime_error("the loader ended before the epoch did");
  const auto input = feed_->for_training(*batch_, mix_);
  const auto forward =
      accumulate_gradients(*model_, loss_, input.images, input.targets, share, options_.amp);
  return {.loss = forward.loss,
          .correct = forward.logits.argmax(1).eq(input.labels).sum(),
          .samples = input.labels.size(0),
          .indices = batch_->indices};
}

EvalReport PictureTask::evaluate(const std::function<void(std::int64_t, std::int64_t)>& progress) {
  const auto result =
      train::evaluate(*model_, *val_loader_, *feed_, options_.amp, options_.limit_batches,
                      [&](std::int64_t done, std::int64_t total) {
                        progress(done, total);
                        return true;
                      });
  return {.loss = result.loss, .metrics = {{"top1", result.top1}, {"top5", result.top5}}};
}

}  // namespace

std::unique_ptr<Task> picture_task(RunOptions& options, c10::Device device) {
  return std::make_unique<PictureTask>(options, device);
}

}  // namespace hyena::train
