#include <cstdio>
#include <filesystem>
#include <iostream>
#include <optional>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "backbone/mixer.h"
#include "backbone/models/mixer_choice.h"
#include "backbone/vision_model.h"
#include "cli/command.h"
#include "cli/flags.h"
#include "cli/parse.h"
#include "cli/signals.h"
#include "cli/train_console.h"
#include "train/trainer.h"

namespace hyena::cli {
namespace {

using backbone::OptionsOf;
using nlohmann::json;

/// Recipe and configuration file are needed before flags are declared: they may choose the model,
/// whose family decides which size options there are.
struct Before {
  train::RunOptions options;
  json flags = json::object();        ///< what the command line sets
  json model_flags = json::object();  ///< of the model's family
  json mixer_flags = json::object();  ///< of its mixer
};

void start_from_files(Before& before, const std::vector<std::string>& args) {
  const std::string recipe = peek(args, "recipe"), config = peek(args, "config");
  const json file = config.empty() ? json::object() : train::read_toml(config);
  std::string name = recipe;
  if (name.empty() && file.contains("recipe") && file["recipe"].is_string()) {
    name = file["recipe"];  // of another type: refused below
  }
  if (!name.empty()) {
    train::apply_run_options(before.options, train::find_recipe(name).options, "recipe " + name);
    before.options.recipe = name;
  }
  if (!config.empty()) train::apply_run_options(before.options, file, config);
}

/// The family's flags, and those of the mixer where a model has a single one.
void declare_model(CLI::App& app, Before& before, const std::vector<std::string>& args) {
  const std::string named = peek(args, "model");
  if (!named.empty()) before.options.model = named;
  const auto entry = backbone::find_model(before.options.model);
  const auto& family = backbone::find_family(entry.family);
  const json resolved = backbone::resolved_options(
      {.name = before.options.model, .options = before.options.model_options});

  // What the data decides has run options of its own.
  FlagSet model_flags(app, before.model_flags, {"img_size", "in_chans", "num_classes"});
  model_flags.group(("Model " + entry.family).c_str());
  auto shown = family.options();
  backbone::options_from_json(*shown, backbone::family_fields(resolved), "model");
  shown->visit(model_flags);

  std::string mixer = peek(args, "mixer");
  if (mixer.empty() && resolved.contains("mixer") && resolved["mixer"].is_string()) {
    mixer = resolved["mixer"];
  }
  if (mixer.empty()) return;
  const auto& kind = backbone::find_mixer(mixer);
  auto mixer_options = kind.options();
  if (resolved.contains("mixer_options") && resolved.value("mixer", json()) == mixer) {
    backbone::options_from_json(*mixer_options, resolved["mixer_options"], "mixer");
  }
  FlagSet mixer_flags(app, before.mixer_flags);
  const std::string title = "Mixer " + mixer;
  mixer_flags.group(title.c_str());
  mixer_options->visit(mixer_flags);
}

/// Lays the command line over what the files said.
void finish_options(Before& before) {
  train::apply_run_options(before.options, before.flags, "command line");
  json changes = before.model_flags;
  if (!before.mixer_flags.empty()) changes["mixer_options"] = before.mixer_flags;
  before.options.model_options =
      backbone::merge_family_options(before.options.model_options, changes);
}

int list_recipes() {
  for (const auto& recipe : train::recipes()) {
    std::printf("%-12s %s\n", recipe.name.c_str(), recipe.summary.c_str());
  }
  return 0;
}

int report(const train::RunResult& result, TrainConsole& console) {
  console.finish(result);
  if (!result.interrupted) return 0;
  std::cout << "interrupted; everything is saved. Go on with\n  hyena train --resume "
            << result.folder.string() << "\n";
  return kInterrupted;
}

/// What would be passed over in silence: the state in the folder has decided it.
void refuse_with_resume(const std::vector<std::string>& args, const std::string& folder) {
  for (const char* name : {"output", "init", "model", "recipe", "config"}) {
    if (peek(args, name).empty()) continue;
    throw backbone::OptionError("--resume keeps --" + std::string(name) +
                                " as it is; to change it start a new run, with --init " + folder +
                                "/last.safetensors for its weights");
  }
}

int run(const std::vector<std::string>& args) {
  CLI::App app("Trains an image classifier.", "hyena train");
  std::string config, resume;
  bool dry = false, recipes = false;
  app.add_option("--config", config, "TOML file of options, e.g. a run's args.toml")
      ->group("Start")
      ->type_name("FILE");
  app.add_option("--resume", resume, "go on with the run in this folder from its last save")
      ->group("Start")
      ->type_name("FOLDER");
  app.add_flag("--dry-run", dry, "show shapes, parameters, FLOPs and memory; train nothing")
      ->group("Start");
  app.add_flag("--list-recipes", recipes, "list the named settings of --recipe")->group("Start");

  Before before;
  const std::string resumed = peek(args, "resume");
  if (resumed.empty()) {
    start_from_files(before, args);
  } else {
    refuse_with_resume(args, resumed);
    train::apply_run_options(before.options, train::options_of_run(resumed), resumed);
  }
  FlagSet flags(app, before.flags);
  before.options.visit(flags);
  declare_model(app, before, args);
  if (const int code = parse(app, args); code >= 0) return code;
  if (recipes) return list_recipes();

  const auto& stop = stop_on_signals();
  TrainConsole console;
  if (!resume.empty()) {
    if (dry) throw backbone::OptionError("--dry-run shows a new run; leave out --resume");
    if (!before.model_flags.empty() || !before.mixer_flags.empty()) {
      throw backbone::OptionError(
          "--resume keeps the model as it is; to change it start a new run "
          "with --init " +
          resume + "/last.safetensors");
    }
    return report(train::resume(resume, before.flags, console, stop), console);
  }
  finish_options(before);
  if (dry) {
    std::cout << train::dry_run(before.options);
    return 0;
  }
  return report(train::train(before.options, console, stop), console);
}

}  // namespace

Command train_command() {
  return {.name = "train", .summary = "train a model", .run = run};
}

}  // namespace hyena::cli
