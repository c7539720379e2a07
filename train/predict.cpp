#include "train/predict.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "backbone/options.h"
#include "datasets/picture_codec.h"
#include "datasets/picture_format.h"
#include "train/autocast.h"
#include "train/device.h"
#include "train/evaluate.h"
#include "train/npy.h"
#include "train/saved_model.h"

namespace hyena::train {
namespace fs = std::filesystem;

struct Predictor::Impl {
  ModelRequest request;
  ChosenDevice device;
  SavedModel saved;
  std::unique_ptr<Feed> feed;

  datasets::Transform transform(const datasets::DatasetInfo& info) const {
    return datasets::make_eval_transform(saved.preprocessing.transform_options(), info);
  }
  /// A set of pictures that vary in size.
  datasets::Transform transform() const {
    datasets::DatasetInfo info;
    info.channels = saved.preprocessing.in_chans;
    return transform(info);
  }
  at::Tensor run(const datasets::Batch& batch, bool features) {
    const at::NoGradGuard no_grad;
    const auto input = feed->for_evaluation(batch);
    const Autocast autocast(request.amp, device.device.type());
    auto& model = *saved.model;
    const auto pooled = model.pool(model.forward_features(input.images));
    return (features ? pooled : model.head(pooled)).to(at::kFloat).cpu();
  }
  std::vector<Guess> top(const at::Tensor& logits, std::int64_t k) const {
    const auto p = at::softmax(logits.to(at::kDouble), 0);
    const auto [values, labels] = p.topk(std::min(k, p.size(0)));
    std::vector<Guess> guesses;
    for (std::int64_t i = 0; i < values.size(0); ++i) {
      const auto label = labels[i].item<std::int64_t>();
      guesses.push_back({.label = label,
                         .name = saved.preprocessing.class_names[static_cast<std::size_t>(label)],
                         .probability = values[i].item<double>()});
    }
    return guesses;
  }
  std::unique_ptr<datasets::Loader> loader(const std::string& data, datasets::Split split,
                                           std::int64_t batch_size, std::int64_t workers) const {
    std::shared_ptr<const datasets::Dataset> set = datasets::open_dataset(data, split);
    datasets::LoaderOptions options{
        .batch_size = batch_size > 0 ? batch_size : saved.preprocessing.val_batch_size,
        .workers = workers};
    options.shuffle = options.drop_last = options.replace_unreadable = false;
    auto prepare = transform(set->info());
    return std::make_unique<datasets::Loader>(std::move(set), std::move(prepare), options);
  }
};

namespace {

/// One batch of prepared pictures.
class Pictures {
 public:
  explicit Pictures(const datasets::Transform& transform) : transform_(transform) {}

  void add(const datasets::Picture& picture) {
    auto planes =
        at::empty({transform_.channels(), transform_.height(), transform_.width()}, at::kByte);
    datasets::Random draws(0);  // evaluation draws nothing
    transform_(picture, draws, planes.data_ptr<std::uint8_t>());
    planes_.push_back(std::move(planes));
  }
  std::size_t size() const { return planes_.size(); }
  datasets::Batch take() {
    datasets::Batch batch;
    batch.images = at::stack(planes_);
    batch.labels = at::zeros({static_cast<std::int64_t>(planes_.size())}, at::kLong);
    planes_.clear();
    return batch;
  }

 private:
  const datasets::Transform& transform_;
  std::vector<at::Tensor> planes_;
};

}  // namespace

Predictor::Predictor(const ModelRequest& request) : impl_(std::make_unique<Impl>()) {
  if (request.model.empty()) throw backbone::OptionError("no model: say --model FILE.safetensors");
  use_threads(request.threads);
  impl_->request = request;
  impl_->device = choose_device(request.device);
  impl_->saved = open_saved_model(request.model, request.img_size, request.model_options);
  impl_->saved.model->train(false);
  impl_->saved.model->to(impl_->device.device);
  const auto& pre = impl_->saved.preprocessing;
  Feed::Settings feed;
  feed.device = impl_->device.device;
  feed.statistics = {.mean = pre.mean, .std = pre.std};
  feed.num_classes = impl_->saved.model->info().num_classes;
  impl_->feed = std::make_unique<Feed>(feed);
}

Predictor::~Predictor() = default;
Predictor::Predictor(Predictor&&) noexcept = default;

std::string Predictor::description() const {
  return impl_->saved.config.name + ", device " + impl_->device.reason;
}

const std::vector<std::string>& Predictor::class_names() const {
  return impl_->saved.preprocessing.class_names;
}

std::vector<Prediction> Predictor::classify(const std::vector<std::string>& files,
                                            std::int64_t top_k, const Progress& progress) {
  constexpr std::size_t kBatch = 32;
  const auto transform = impl_->transform();
  std::vector<Prediction> out(files.size());
  Pictures pictures(transform);
  std::vector<std::size_t> waiting;
  const auto flush = [&] {
    if (waiting.empty()) return;
    const auto logits = impl_->run(pictures.take(), false);
    for (std::size_t i = 0; i < waiting.size(); ++i) {
      out[waiting[i]].guesses = impl_->top(logits[static_cast<std::int64_t>(i)], top_k);
    }
    waiting.clear();
  };
  for (std::size_t i = 0; i < files.size(); ++i) {
    out[i].picture = files[i];
    try {
      pictures.add(datasets::read_picture(files[i]));
      waiting.push_back(i);
    } catch (const datasets::ReadError& error) {
      out[i].error = error.what();
    }
    if (waiting.size() == kBatch || i + 1 == files.size()) flush();
    if (progress &&
        !progress(static_cast<std::int64_t>(i + 1), static_cast<std::int64_t>(files.size()))) {
      flush();
      out.resize(i + 1);
      break;
    }
  }
  return out;
}

std::vector<Prediction> Predictor::classify(const std::string& data,
                                            const std::vector<std::int64_t>& samples,
                                            std::int64_t top_k) {
  const auto set = datasets::open_dataset(data, datasets::Split::kTest);
  const auto transform = impl_->transform(set->info());
  Pictures pictures(transform);
  std::vector<Prediction> out;
  for (const std::int64_t index : samples) {
    if (index < 0 || index >= set->size()) {
      throw backbone::OptionError("samples: " + data + " has samples 0 to " +
                                  std::to_string(set->size() - 1) + ", got " +
                                  std::to_string(index));
    }
    const auto sample = set->get(index);
    pictures.add(sample.picture);
    Prediction prediction;
    prediction.picture = set->name(index);
    prediction.truth = set->info().class_names[static_cast<std::size_t>(sample.label)];
    out.push_back(std::move(prediction));
  }
  if (out.empty()) return out;
  const auto logits = impl_->run(pictures.take(), false);
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i].guesses = impl_->top(logits[static_cast<std::int64_t>(i)], top_k);
  }
  return out;
}

Evaluation Predictor::evaluate(const std::string& data, std::int64_t batch_size,
                               std::int64_t workers, std::int64_t limit, const Progress& progress) {
  const auto loader = impl_->loader(data, datasets::Split::kTest, batch_size, workers);
  return train::evaluate(*impl_->saved.model, *loader, *impl_->feed, impl_->request.amp, limit,
                         progress);
}

void Predictor::write_features(const std::vector<std::string>& files, const std::string& npy,
                               const Progress& progress) {
  constexpr std::size_t kBatch = 32;
  const auto transform = impl_->transform();
  Pictures pictures(transform);
  std::vector<at::Tensor> rows;
  for (std::size_t i = 0; i < files.size(); ++i) {
    pictures.add(datasets::read_picture(files[i]));
    if (pictures.size() == kBatch || i + 1 == files.size()) {
      rows.push_back(impl_->run(pictures.take(), true));
    }
    if (progress &&
        !progress(static_cast<std::int64_t>(i + 1), static_cast<std::int64_t>(files.size()))) {
      return;
    }
  }
  write_npy(npy, at::cat(rows));
}

void Predictor::write_features(const std::string& data, const std::string& split,
                               const std::string& npy, const Progress& progress) {
  const auto which = split == "train" ? datasets::Split::kTrain : datasets::Split::kTest;
  const auto loader = impl_->loader(data, which, 0, 1);
  std::vector<at::Tensor> rows;
  loader->start(0);
  while (const auto batch = loader->next()) {
    rows.push_back(impl_->run(*batch, true));
    if (progress &&
        !progress(static_cast<std::int64_t>(rows.size()), loader->batches_per_epoch())) {
      return;
    }
  }
  write_npy(npy, at::cat(rows));
}

std::vector<std::string> find_pictures(const std::vector<std::string>& paths) {
  std::vector<std::string> files;
  for (const auto& path : paths) {
    if (!fs::exists(path)) throw std::runtime_error("no such file or folder: " + path);
    if (!fs::is_directory(path)) {
      files.push_back(path);
      continue;
    }
    std::vector<std::string> found;
    for (const auto& entry : fs::recursive_directory_iterator(path)) {
      if (!entry.is_regular_file()) continue;
      std::vector<std::uint8_t> start(datasets::kSniffBytes);
      std::ifstream in(entry.path(), std::ios::binary);
      in.read(reinterpret_cast<char*>(start.data()), static_cast<std::streamsize>(start.size()));
      start.resize(static_cast<std::size_t>(in.gcount()));
      if (datasets::sniff_format(start) != datasets::PictureFormat::kUnknown) {
        found.push_back(entry.path().string());
      }
    }
    if (found.empty()) throw std::runtime_error("no pictures in " + path);
    std::ranges::sort(found);
    files.insert(files.end(), found.begin(), found.end());
  }
  return files;
}

}  // namespace hyena::train
