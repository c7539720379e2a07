// Language models: windows of a token stream in, the next token as target.
#include <algorithm>
#include <cmath>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include <ATen/ATen.h>

#include "backbone/checkpoint.h"
#include "backbone/language_model.h"
#include "backbone/models/mixer_choice.h"
#include "backbone/options.h"
#include "datasets/text/windows.h"
#include "train/autocast.h"
#include "train/finetune.h"
#include "train/language_scores.h"
#include "train/recorded_tokenizer.h"
#include "train/tasks.h"
#include "train/text_data.h"
#include "train/utilisation.h"

namespace hyena::train {
namespace {

using backbone::OptionError;
using nlohmann::json;

class LanguageTask final : public Task {
 public:
  LanguageTask(RunOptions& options, c10::Device device) : device_(device) {
    if (options.data.empty()) {
      throw OptionError(
          "no data: say --data text:FILE, wikitext:FOLDER, llmc:FOLDER or another one");
    }
    open_tokenizer(options);
    make_the_model(options);
    options_ = options;
    open_data();
  }

  backbone::Model& model() override { return *model_; }
  const backbone::ModelConfig& config() const override { return config_; }
  const char* unit() const override { return "token"; }
  std::string describe_data() const override {
    return std::to_string(data_.train->size()) + " tokens to train on, " +
           std::to_string(data_.valid->size()) + " to evaluate on (" + data_.description + ")";
  }
  std::string describe_shapes() const override {
    const auto rows = std::to_string(options_.batch_size) + ", " + std::to_string(seq_len_);
    return "(" + rows + ") tokens -> (" + rows + ", " +
           std::to_string(model_->info().padded_vocab_size) + ")";
  }
  std::string init_report() const override { return init_report_; }

  std::int64_t batches_per_epoch() const override;
  std::int64_t samples_per_batch() const override { return options_.batch_size * seq_len_; }
  void start(std::int64_t epoch, std::int64_t batch) override;
  MicroBatch accumulate(double share, bool again) override;
  std::string name_of(std::int64_t index) const override {
    return data_.train->place(static_cast<std::uint64_t>(index));
  }

  std::vector<std::string> metrics() const override {
    std::vector<std::string> out = {"perplexity"};
    if (tokenizer_.tokenizer != nullptr) out.emplace_back("bits_per_byte");
    return out;
  }
  EvalReport evaluate(const std::function<void(std::int64_t, std::int64_t)>& progress) override;
  double flops_per_sample() override { return forward_flops(*model_, seq_len_) / double(seq_len_); }
  void save(const std::filesystem::path& file, const json& results) override {
    backbone::ModelNotes notes;
    notes.training = results;
    notes.tokenizer = tokenizer_.record;
    backbone::save_model(file, *model_, config_, notes);
  }

 private:
  void open_tokenizer(RunOptions& options);
  void make_the_model(RunOptions& options);
  void open_data();

  RunOptions options_;
  c10::Device device_;
  RecordedTokenizer tokenizer_;
  TextData data_;
  backbone::ModelConfig config_;
  std::unique_ptr<backbone::LanguageModel> model_;
  std::string init_report_;
  std::int64_t seq_len_ = 0;
  std::unique_ptr<datasets::Windows> windows_;
  datasets::WindowPosition position_;
  at::Tensor inputs_, targets_;
  std::vector<std::int64_t> begins_;
};

void LanguageTask::open_tokenizer(RunOptions& o) {
  if (o.language.tokenizer.empty() && !o.init.empty() && carries_tokenizer(o.init)) {
    o.language.tokenizer = "model:" + o.init;
  }
  if (!o.language.tokenizer.empty()) tokenizer_ = open_recorded(o.language.tokenizer, o.data);
}

void LanguageTask::make_the_model(RunOptions& o) {
  config_ = {.name = o.model, .options = o.model_options};
  at::manual_seed(static_cast<std::uint64_t>(o.seed));
  if (!o.init.empty()) {
    auto loaded = backbone::load_model<backbone::LanguageModel>(o.init, o.model_options);
    model_ = std::move(loaded.model);
    config_ = loaded.description.config;
    init_report_ = "started from " + o.init + ":\n" + loaded.report.text();
    // What the file decided is what the run's record must say, for --resume and for args.toml.
    o.model = config_.name;
    o.model_options = config_.options;
  } else {
    json data = json::object();
    if (tokenizer_.tokenizer != nullptr && !o.model_options.contains("vocab_size")) {
      data["vocab_size"] = tokenizer_.tokenizer->vocabulary_size();
    }
    if (o.language.seq_len > 0 && !o.model_options.contains("max_len")) {
      data["max_len"] = o.language.seq_len;
    }
    const json resolved = backbone::resolved_options(config_);
    const auto positions = resolved.value("max_position_embeddings", std::int64_t{0});
    if (positions > 0 && !o.model_options.contains("max_position_embeddings")) {
      data["max_position_embeddings"] =
          o.language.seq_len > 0 ? o.language.seq_len : resolved.at("max_len").get<std::int64_t>();
    }
    config_.options = backbone::merge_family_options(o.model_options, data);
    model_ = backbone::make_model<backbone::LanguageModel>(config_);
  }
  const auto info = model_->info();
  if (info.num_classes > 0) {
    throw OptionError("this model classifies sequences; language modelling needs num_classes 0");
  }
  seq_len_ = o.language.seq_len > 0
                 ? o.language.seq_len
                 : backbone::resolved_options(config_).at("max_len").get<std::int64_t>();
  if (info.max_len > 0 && seq_len_ > info.max_len) {
    throw OptionError("--seq-len " + std::to_string(seq_len_) + " is longer than the " +
                      std::to_string(info.max_len) +
                      " tokens the model is built for; set --max-len, or --extend");
  }
  freeze(*model_, o.freeze);
  model_->to(device_);
}

void LanguageTask::open_data() {
  const auto& o = options_;
  const auto vocabulary = static_cast<std::uint64_t>(model_->info().vocab_size);
  if (tokenizer_.tokenizer != nullptr && tokenizer_.tokenizer->vocabulary_size() > vocabulary) {
    throw OptionError("the tokenizer has " +
                      std::to_string(tokenizer_.tokenizer->vocabulary_size()) +
                      " tokens, the model's vocabulary only " + std::to_string(vocabulary));
  }
  data_ = open_text_data({.data = o.data,
                          .data_val = o.data_val,
                          .train_split = o.language.train_split,
                          .val_split = o.language.val_split,
                          .val_fraction = o.language.val_fraction,
                          .end_of_text = o.language.end_of_text,
                          .threads = std::max<std::int64_t>(o.workers, 1)},
                         tokenizer_.tokenizer.get(), vocabulary);
  windows_ = std::make_unique<datasets::Windows>(
      data_.train,
      datasets::WindowOptions{
          .length = seq_len_,
          .sampling = o.language.sampling == "random"     ? datasets::WindowSampling::kRandomOffsets
                      : o.language.sampling == "in-order" ? datasets::WindowSampling::kInOrder
                                                          : datasets::WindowSampling::kShuffled,
          .seed = static_cast<std::uint64_t>(o.seed)});
}

std::int64_t LanguageTask::batches_per_epoch() const {
  const std::int64_t budget = options_.language.max_tokens;
  if (budget > 0) {  // cut into `epochs` parts of whole batches
    return std::max<std::int64_t>(1, (budget + samples_per_batch() * options_.epochs - 1) /
                                         (samples_per_batch() * options_.epochs));
  }
  return std::max<std::int64_t>(1,
                                static_cast<std::int64_t>(windows_->size()) / options_.batch_size);
}

void LanguageTask::start(std::int64_t epoch, std::int64_t batch) {
  const auto per_batch = static_cast<std::uint64_t>(options_.batch_size);
  const auto done = static_cast<std::uint64_t>(batch) * per_batch;
  if (options_.language.max_tokens > 0) {  // parts of a budget go on where the last one ended
    const auto before = static_cast<std::uint64_t>(epoch * batches_per_epoch()) * per_batch;
    position_ = windows_->position_after(before + done);
  } else {
    position_ = {static_cast<std::uint64_t>(epoch) + done / windows_->size(),
                 done % windows_->size()};
  }
}

MicroBatch LanguageTask::accumulate(double share, bool again) {
  if (!again || !inputs_.defined()) {
    const std::int64_t batch = options_.batch_size;
    std::vector<std::int64_t> inputs(static_cast<std::size_t>(batch * seq_len_));
    auto targets = inputs;
    begins_.clear();
    auto at = position_;
    for (std::int64_t b = 0; b < batch; ++b) {
      begins_.push_back(static_cast<std::int64_t>(windows_->begin(at.epoch, at.index)));
      if (++at.index == windows_->size()) at = {at.epoch + 1, 0};
    }
    position_ = windows_->read_batch(position_, inputs, targets);
    const auto tensor = [&](std::vector<std::int64_t>& values) {
      return at::from_blob(values.data(), {batch, seq_len_}, at::kLong).clone().to(device_);
    };
    inputs_ = tensor(inputs);
    targets_ = tensor(targets);
  }
  at::Tensor loss;
  {
    const Autocast autocast(options_.amp, device_.type());
    loss = model_->loss(inputs_, targets_);
  }
  (share == 1 ? loss : loss * share).backward();
  return {.loss = loss.detach(), .correct = {}, .samples = targets_.numel(), .indices = begins_};
}

EvalReport LanguageTask::evaluate(const std::function<void(std::int64_t, std::int64_t)>& progress) {
  const auto scores = score_tokens(
      *model_, *data_.valid, tokenizer_.tokenizer.get(),
      {.length = std::min(seq_len_, static_cast<std::int64_t>(data_.valid->size()) - 1),
       .batch_size = options_.val_batch_size > 0 ? options_.val_batch_size : options_.batch_size,
       .limit = options_.language.eval_tokens,
       .amp = options_.amp},
      [&](std::int64_t done, std::int64_t total) {
        progress(done, total);
        return true;
      });
  EvalReport report{.loss = scores.loss(), .metrics = {{"perplexity", scores.perplexity()}}};
  if (tokenizer_.tokenizer != nullptr) {
    report.metrics.emplace_back("bits_per_byte", scores.bits_per_byte());
  }
  return report;
}

}  // namespace

std::unique_ptr<Task> language_task(RunOptions& options, c10::Device device) {
  return std::make_unique<LanguageTask>(options, device);
}

std::unique_ptr<Task> make_task(RunOptions& options, c10::Device device) {
  std::string kind = options.task;
  if (kind == "auto") {
    const auto& family = backbone::find_family(backbone::find_model(options.model).family);
    kind = family.kind == backbone::LanguageModel::kKind ? "lm" : "picture";
  }
  return kind == "lm" ? language_task(options, device) : picture_task(options, device);
}

}  // namespace hyena::train
