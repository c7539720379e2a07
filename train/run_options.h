#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "datasets/mixing.h"
#include "datasets/transforms.h"
#include "train/method_options.h"
#include "train/schedule.h"

namespace hyena::train {

/// Everything that decides a training run: declared once here, and seen by the flags, --config, the
/// run's args.toml and the checkpoint's metadata alike.
struct RunOptions {
  std::string task = "auto";
  std::string recipe;
  std::string data;
  std::string data_val;
  std::string output;
  std::string model = "hyena_tiny_28";
  nlohmann::json model_options = nlohmann::json::object();  ///< of the model's family
  std::string init;
  std::vector<std::string> freeze;
  std::string class_names;
  std::int64_t workers = 1;
  std::int64_t prefetch = 4;

  std::int64_t epochs = 10;
  std::int64_t batch_size = 128;
  std::int64_t val_batch_size = 0;
  std::int64_t grad_accum = 1;
  std::int64_t seed = 42;
  std::int64_t limit_batches = 0;
  bool overfit_batch = false;
  std::int64_t val_every = 1;
  std::string eval_metric = "auto";
  std::int64_t checkpoint_hist = 3;
  double save_minutes = 10;
  std::int64_t log_every = 50;

  std::string device = "auto";
  std::int64_t threads = 0;
  bool amp = false;
  bool channels_last = false;

  LanguageOptions language;
  datasets::TransformOptions transform;
  datasets::MixingOptions mixing;
  std::int64_t mixup_off_epoch = 0;
  GroupOptions groups;
  OptimizerOptions optimizer;
  ClipOptions clip;
  ScheduleOptions schedule;
  LossOptions loss;
  EmaOptions ema;

  /// All but model and model_options' contents, which have a schema of their own.
  template <class Visitor>
  void visit(Visitor& v) {
    v.group("Run");
    v.field("task", task,
            {.help = "what to train for; auto: what the model is for",
             .choices = {"auto", "picture", "lm"}});
    v.field("recipe", recipe,
            {.help = "named settings to start from; see `hyena train --list-recipes`"});
    v.field("output", output, {.help = "folder of the run; empty: output/DATE-MODEL"});
    v.field("epochs", epochs, {.help = "passes over the data", .unit = "epochs", .min = 1});
    v.field("batch_size", batch_size,
            {.help = "pictures, or windows of text, in a micro-batch", .min = 1});
    v.field("val_batch_size", val_batch_size,
            {.help = "those at once in evaluation; 0: batch_size", .min = 0});
    v.field("grad_accum", grad_accum, {.help = "micro-batches in an optimiser update", .min = 1});
    v.field("seed", seed, {.help = "of weights, order, augmentation and dropout", .min = 0});
    v.field("limit_batches", limit_batches,
            {.help = "stop each epoch after so many batches; 0: all", .min = 0});
    v.field("overfit_batch", overfit_batch,
            {.help = "train on the first batch alone, to see that the loss goes to 0"});
    v.field(
        "val_every", val_every,
        {.help = "evaluate every so many epochs, and after the last", .unit = "epochs", .min = 1});
    v.field("eval_metric", eval_metric,
            {.help = "what `best` is chosen by; auto: top1 for pictures, loss for text",
             .choices = {"auto", "top1", "top5", "loss", "perplexity", "bits_per_byte"}});
    v.field("checkpoint_hist", checkpoint_hist, {.help = "best checkpoints to keep", .min = 1});
    v.field("save_minutes", save_minutes,
            {.help = "save for --resume this often inside an epoch; 0: at its end only",
             .unit = "minutes",
             .min = 0});
    v.field("log_every", log_every, {.help = "updates between log lines", .min = 1});
    v.group("Device");
    v.field("device", device, {.help = "auto, cpu, cuda or cuda:N"});
    v.field("threads", threads,
            {.help = "threads of the arithmetic; 0: all cores", .min = 0, .max = 4096});
    v.field("amp", amp, {.help = "bfloat16 autocast (long convolutions and losses stay float32)"});
    v.field("channels_last", channels_last,
            {.help = "pictures in NHWC memory order, for convolutional stems"});
    v.group("Data");
    v.field(
        "data", data,
        {.help = "data set: fashion-mnist, cifar10:PATH, folder:PATH, ... of pictures; text:PATH, "
                 "wikitext:FOLDER, llmc:FOLDER, ... of text"});
    v.field("data_val", data_val,
            {.help = "data set to evaluate on; empty: the test split of --data"});
    v.field("class_names", class_names,
            {.help = "file of `FOLDER TEXT` lines that names the classes"});
    v.field("workers", workers,
            {.help = "threads that read and augment; results do not depend on it",
             .min = 0,
             .max = 1024});
    v.field("prefetch", prefetch,
            {.help = "batches prepared ahead", .unit = "batches", .min = 1, .max = 1024});
    language.visit(v);
    v.group("Pictures");
    transform.visit(v);
    mixing.visit(v);
    v.field(
        "mixup_off_epoch", mixup_off_epoch,
        {.help = "no mixing from this epoch on; 0: mix to the end", .unit = "epochs", .min = 0});
    v.group("Model");
    v.field("model", model, {.help = "a name of `hyena models`"});
    v.field("init", init, {.help = "checkpoint to start from; weights are matched by content"});
    v.field("freeze", freeze, {.help = "patterns (* and ?) of parameters that stay as they are"});
    v.group("Optimiser");
    groups.visit(v);
    optimizer.visit(v);
    clip.visit(v);
    v.group("Schedule");
    schedule.visit(v);
    v.group("Loss and averaging");
    loss.visit(v);
    ema.visit(v);
  }
};

/// The options as one JSON object: the fields above, and "model_options" as an object of its own.
nlohmann::json run_options_to_json(const RunOptions& options);

/// Sets what `json` names. Throws OptionError for an unknown key (naming the nearest), a wrong type
/// or range; `where` opens the message.
void apply_run_options(RunOptions& options, const nlohmann::json& json, const std::string& where);

/// A set of options with a name.
struct Recipe {
  std::string name;
  std::string summary;
  nlohmann::json options;
};
const std::vector<Recipe>& recipes();

/// Throws OptionError that names the nearest recipe.
const Recipe& find_recipe(const std::string& name);

/// Reads a TOML file of options; tables nest as JSON objects do. Throws OptionError that names
/// file, line and reason.
nlohmann::json read_toml(const std::string& file);

/// The options as a TOML document, readable by read_toml: what a run's args.toml holds.
std::string to_toml(const nlohmann::json& options);

}  // namespace hyena::train
