#include "backbone/options.h"
#include "train/run_options.h"

namespace hyena::train {
namespace {

using nlohmann::json;

/// What most ImageNet recipes share: timm's augmentation defaults that exist here so far.
json imagenet_base() {
  return {{"img_size", 224},
          {"train_crop", "rrc"},
          {"train_interpolation", "random"},
          {"interpolation", "bicubic"},
          {"crop_pct", 0.9},
          {"mixup", 0.8},
          {"cutmix", 1.0},
          {"smoothing", 0.1},
          {"reprob", 0.25},
          {"remode", "pixel"},
          {"warmup_lr", 1e-6},
          {"min_lr", 1e-5},
          {"mean", {0.485, 0.456, 0.406}},
          {"std", {0.229, 0.224, 0.225}}};
}

json with(json base, const json& changes) {
  base.merge_patch(changes);
  return base;
}

}  // namespace

const std::vector<Recipe>& recipes() {
  static const std::vector<Recipe> all = {
      {.name = "fashion",
       .summary = "28x28 gray pictures in a few minutes on a CPU (Fashion-MNIST, MNIST)",
       .options = {{"model", "hyena_tiny_28"},
                   {"epochs", 4},
                   {"batch_size", 128},
                   {"lr", 3e-3},
                   {"weight_decay", 0.05},
                   {"warmup_epochs", 0.3},
                   {"warmup_lr", 1e-5},
                   {"min_lr", 1e-5},
                   {"sched_on_updates", true},
                   {"smoothing", 0.1},
                   {"clip_grad", 1.0},
                   {"train_crop", "centre"},
                   {"hflip", 0.5}}},
      {.name = "characters",
       .summary = "a small text, character by character, in minutes on a CPU (tiny Shakespeare)",
       .options = {{"model", "hyena_lm_tiny"},
                   {"tokenizer", "characters"},
                   {"seq_len", 256},
                   {"batch_size", 8},
                   {"epochs", 10},
                   {"lr", 4e-3},
                   {"opt_betas", {0.9, 0.99}},
                   {"weight_decay", 0.1},
                   {"warmup_epochs", 0.2},
                   {"min_lr", 1e-5},
                   {"sched_on_updates", true},
                   {"sampling", "random"},
                   {"clip_grad", 1.0}}},
      {.name = "cifar",
       .summary = "32x32 colour pictures (CIFAR-10, CIFAR-100)",
       .options = {{"model", "hyena_tiny_32"},
                   {"epochs", 3},
                   {"batch_size", 128},
                   {"lr", 3e-3},
                   {"weight_decay", 0.05},
                   {"warmup_epochs", 0.3},
                   {"warmup_lr", 1e-5},
                   {"min_lr", 1e-5},
                   {"sched_on_updates", true},
                   {"smoothing", 0.1},
                   {"clip_grad", 1.0},
                   {"img_size", 32},
                   {"train_crop", "pad"},
                   {"crop_padding", 4},
                   {"crop_pct", 1.0},
                   {"hflip", 0.5}}},
      {.name = "hyena-vit",
       .summary = "the Hyena paper's Hyena-ViT run (Table A.5), its schedule in epochs",
       .options = with(imagenet_base(), {{"model", "hyena_vit_ti_p16"},
                                         {"epochs", 300},
                                         {"batch_size", 1024},
                                         {"lr", 2e-4},
                                         {"weight_decay", 0.01},
                                         {"warmup_epochs", 10},
                                         {"model_options", {{"drop_path", 0.1}}}})},
      {.name = "deit",
       .summary = "DeiT: 300 epochs of AdamW with mixing, for isotropic models",
       .options = with(imagenet_base(), {{"model", "vit_s_p16"},
                                         {"epochs", 300},
                                         {"batch_size", 1024},
                                         {"lr", 1e-3},
                                         {"weight_decay", 0.05},
                                         {"warmup_epochs", 5},
                                         {"crop_pct", 0.875},
                                         {"model_options", {{"drop_path", 0.1}}},
                                         {"model_ema", true},
                                         {"model_ema_decay", 0.99996}})},
      {.name = "hyenapixel",
       .summary = "HyenaPixel: hierarchical models, 300 epochs and 10 of cooldown",
       .options = with(imagenet_base(), {{"model", "hpx_former_s18"},
                                         {"epochs", 300},
                                         {"batch_size", 4096},
                                         {"lr", 4e-3},
                                         {"weight_decay", 0.05},
                                         {"warmup_epochs", 20},
                                         {"cooldown_epochs", 10},
                                         {"crop_pct", 1.0},
                                         {"model_options", {{"drop_path", 0.2}}}})},
      {.name = "finetune",
       .summary = "a trained model on other data: low rate, layer decay, no mixing",
       .options = {{"epochs", 20},
                   {"batch_size", 256},
                   {"lr", 2e-4},
                   {"weight_decay", 0.05},
                   {"layer_decay", 0.75},
                   {"warmup_epochs", 2},
                   {"warmup_lr", 1e-6},
                   {"min_lr", 1e-6},
                   {"smoothing", 0.1}}},
  };
  return all;
}

const Recipe& find_recipe(const std::string& name) {
  std::vector<std::string> names;
  for (const Recipe& recipe : recipes()) {
    if (recipe.name == name) return recipe;
    names.push_back(recipe.name);
  }
  std::string list;
  for (const auto& known : names) list += (list.empty() ? "" : ", ") + known;
  const std::string near = backbone::nearest_name(name, names);
  throw backbone::OptionError("unknown recipe '" + name + "'" +
                              (near.empty() ? "" : "; did you mean '" + near + "'?") +
                              " Known: " + list);
}

}  // namespace hyena::train
