#include <iostream>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "backbone/weights/open_weights.h"
#include "cli/command.h"
#include "cli/parse.h"
#include "cli/predict_flags.h"
#include "inspect/model_card.h"
#include "inspect/tensor_table.h"

namespace hyena::cli {
namespace {

int run(const std::vector<std::string>& args) {
  CLI::App app("Shows what is in a checkpoint: its model and its tensors.", "hyena inspect");
  std::string file;
  std::int64_t img_size = 0;
  bool as_json = false, card_only = false;
  std::vector<std::string> settings;
  app.add_option("file", file,
                 "safetensors file, PyTorch checkpoint, or folder of the Hugging Face hub")
      ->required();
  app.add_option("--img-size", img_size,
                 "count FLOPs at this input size [pixels]; 0: the model's own");
  app.add_option("--set", settings, "KEY=VALUE: an option that a foreign checkpoint does not tell");
  app.add_flag("--card", card_only, "the model card alone, without the tensor table");
  app.add_flag("--json", as_json, "as JSON");
  if (const int code = parse(app, args); code >= 0) return code;

  const auto card = inspect::model_card(file, img_size, model_settings(settings));
  nlohmann::json out = {{"model", inspect::to_json(card)}};
  if (!as_json) std::cout << inspect::to_text(card);
  if (!card_only) {
    const auto rows = inspect::tensor_table(*backbone::open_weights(file));
    if (as_json) {
      out["tensors"] = inspect::to_json(rows);
    } else {
      std::cout << "\n" << inspect::to_text(rows);
    }
  }
  if (as_json) std::cout << out.dump(2) << "\n";
  return 0;
}

}  // namespace

Command inspect_command() {
  return {.name = "inspect", .summary = "show what is in a checkpoint", .run = run};
}

}  // namespace hyena::cli
