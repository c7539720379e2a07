#pragma once

#include <cstdint>
#include <string>
#include <vector>

/// What a user can set about the method of training, apart from the schedule (train/schedule.h).
/// No tensors here: programs that only parse options need not see LibTorch.
namespace hyena::train {

/// What a language model is trained on. Of pictures nothing here counts.
struct LanguageOptions {
  std::string tokenizer;
  std::int64_t seq_len = 0;
  std::int64_t max_tokens = 0;
  std::string sampling = "shuffled";
  std::string train_split = "train";
  std::string val_split;
  double val_fraction = 0.1;
  std::int64_t eval_tokens = 0;
  bool end_of_text = true;

  template <class Visitor>
  void visit(Visitor& v) {
    v.group("Text");
    v.field(
        "tokenizer", tokenizer,
        {.help = "bytes, characters, gpt2:FOLDER, huggingface:FILE, ...; see `hyena tokenize`"});
    v.field("seq_len", seq_len,
            {.help = "length of a window; 0: the model's max_len", .unit = "tokens", .min = 0});
    v.field("max_tokens", max_tokens,
            {.help = "train on so many, with a schedule of that length, evaluated `epochs` times; "
                     "0: `epochs` passes over the data",
             .unit = "tokens",
             .min = 0});
    v.field("sampling", sampling,
            {.help = "windows side by side in a new order each epoch, at random offsets, or in "
                     "order",
             .choices = {"shuffled", "random", "in-order"}});
    v.field("train_split", train_split,
            {.help = "part of --data to train on", .choices = {"train", "valid", "test"}});
    v.field("val_split", val_split,
            {.help = "part to evaluate on; empty: valid, or where there is none val_fraction of "
                     "the training text"});
    v.field("val_fraction", val_fraction,
            {.help = "end of the text that is kept for evaluation", .min = 0, .max = 0.99});
    v.field("eval_tokens", eval_tokens,
            {.help = "evaluate on so many; 0: all", .unit = "tokens", .min = 0});
    v.field("end_of_text", end_of_text,
            {.help = "end each document by the tokenizer's end-of-text token"});
  }
};

/// Which parameters decay, and how the learning rate falls off towards the stem.
struct GroupOptions {
  double lr = 1e-3;
  double weight_decay = 0.05;
  double layer_decay = 0;
  bool decay_bias_and_norm = false;
  bool decay_listed = false;

  template <class Visitor>
  void visit(Visitor& v) {
    v.field("lr", lr, {.help = "peak learning rate", .min = 0});
    v.field("weight_decay", weight_decay, {.help = "decay of matrices and kernels", .min = 0});
    v.field("layer_decay", layer_decay,
            {.help = "factor of the learning rate from one block down to the next; 0 = off",
             .min = 0,
             .max = 1});
    v.field("decay_bias_and_norm", decay_bias_and_norm,
            {.help = "decay biases and tensors of one dimension too"});
    v.field("decay_listed", decay_listed,
            {.help = "decay the tensors that a model exempts too (position table, class token)"});
  }
};

/// Settings of every optimiser; each reads those that concern it. Names and defaults are timm's.
struct OptimizerOptions {
  std::string opt = "adamw";
  std::vector<double> betas = {};
  double eps = 0;
  double momentum = 0.9;
  double dampening = 0;
  bool nesterov = true;
  double alpha = 0.9;
  bool lr_in_momentum = true;
  bool bias_correction = true;
  bool grad_averaging = true;
  double max_grad_norm = 1;
  bool trust_clip = false;
  bool always_adapt = false;

  template <class Visitor>
  void visit(Visitor& v) {
    v.field("opt", opt,
            {.help = "optimiser",
             .choices = {"adamw", "adam", "nadamw", "sgd", "lamb", "safari_lamb", "lion",
                         "rmsprop_tf"}});
    v.field("opt_betas", betas,
            {.help = "decay of the averages of g and of g²; empty = the optimiser's own",
             .min = 0,
             .max = 1});
    v.field("opt_eps", eps,
            {.help = "added to the denominator; 0 = the optimiser's own", .min = 0});
    v.field("momentum", momentum, {.help = "of sgd and rmsprop_tf", .min = 0, .max = 1});
    v.field("dampening", dampening, {.help = "of sgd's momentum", .min = 0, .max = 1});
    v.field("nesterov", nesterov, {.help = "sgd looks ahead along its momentum"});
    v.field("rmsprop_alpha", alpha,
            {.help = "rmsprop_tf: decay of the average of g²", .min = 0, .max = 1});
    v.field("lr_in_momentum", lr_in_momentum,
            {.help = "rmsprop_tf: the momentum buffer holds steps already times the rate"});
    v.field("bias_correction", bias_correction, {.help = "lamb: undo the averages' zero start"});
    v.field("grad_averaging", grad_averaging, {.help = "lamb: weigh new gradients by 1 - beta1"});
    v.field("max_grad_norm", max_grad_norm,
            {.help = "lamb: its own clipping by global norm; 0 = off", .min = 0});
    v.field("trust_clip", trust_clip, {.help = "lamb: trust ratio at most 1"});
    v.field("always_adapt", always_adapt,
            {.help = "lamb: trust ratio also for parameters without decay"});
  }
};

struct ClipOptions {
  double clip_grad = 0;
  std::string clip_mode = "norm";

  template <class Visitor>
  void visit(Visitor& v) {
    v.field("clip_grad", clip_grad, {.help = "limit on the gradient; 0 = off", .min = 0});
    v.field("clip_mode", clip_mode,
            {.help = "global norm, value of each element, or unit-wise against the weights",
             .choices = {"norm", "value", "agc"}});
  }
};

struct LossOptions {
  std::string loss = "ce";
  double smoothing = 0.1;
  double bce_target_thresh = -1;
  bool bce_sum = false;

  template <class Visitor>
  void visit(Visitor& v) {
    v.field("loss", loss,
            {.help = "cross entropy or binary cross entropy", .choices = {"ce", "bce"}});
    v.field("smoothing", smoothing,
            {.help = "label smoothing; mixed targets bring their own", .min = 0, .max = 0.999});
    v.field("bce_target_thresh", bce_target_thresh,
            {.help = "bce: targets above it count as 1, others as 0; negative = off", .max = 1});
    v.field("bce_sum", bce_sum, {.help = "bce: sum over the classes instead of their mean"});
  }
};

struct EmaOptions {
  bool model_ema = false;
  std::string form = "v3";
  double decay = 0.9998;
  bool warmup = false;
  double warmup_power = 2.0 / 3;
  std::int64_t start = 0;

  template <class Visitor>
  void visit(Visitor& v) {
    v.field("model_ema", model_ema, {.help = "keep a moving average of the weights"});
    v.field("model_ema_form", form,
            {.help = "timm's: v3 starts from the weights after the first update and copies "
                     "counters; v2 from the initial weights and averages counters too",
             .choices = {"v3", "v2"}});
    v.field("model_ema_decay", decay, {.help = "share of the old average", .min = 0, .max = 1});
    v.field("model_ema_warmup", warmup,
            {.help = "v3: let the decay grow as 1 - (1 + t)^-power up to its value"});
    v.field("model_ema_warmup_power", warmup_power,
            {.help = "v3: how fast; 2/3 for a million updates and more, 3/4 for fewer", .min = 0});
    v.field("model_ema_start", start,
            {.help = "v3: the average is the weights themselves until then",
             .unit = "updates",
             .min = 0});
  }
};

}  // namespace hyena::train
