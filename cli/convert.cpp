#include "backbone/convert.h"

#include <iostream>
#include <map>

#include <CLI/CLI.hpp>

#include "backbone/options.h"
#include "cli/command.h"
#include "cli/parse.h"
#include "cli/predict_flags.h"

namespace hyena::cli {
namespace {

int run(const std::vector<std::string>& args) {
  CLI::App app(
      "Writes a model that another program stored (PyTorch checkpoint, safetensors, folder of the "
      "Hugging Face hub) as a file of this one, and says what became of each tensor.",
      "hyena convert");
  std::string from, to, dtype, hub, part;
  std::vector<std::string> settings;
  app.add_option("IN", from, "file or folder to read")->required();
  app.add_option("OUT", to, "safetensors file to write; may be left out with --to-hf");
  app.add_option("--dtype", dtype,
                 "type of the parameters in OUT (default f32); positions and decays of long "
                 "filters stay f32")
      ->check(CLI::IsMember({"f32", "f16", "bf16", "f64"}));
  app.add_option("--set", settings, "KEY=VALUE: an option of the model that the file does not tell")
      ->type_name("KEY=VALUE ...");
  app.add_option("--to-hf", hub,
                 "folder to write config.json and model.safetensors to, as Hugging Face's port of "
                 "HyenaDNA has them");
  app.add_option("--hf-part", part, "with --to-hf: what to write; default: what the model is")
      ->check(CLI::IsMember({"backbone", "causal-lm", "classifier"}));
  if (const int code = parse(app, args); code >= 0) return code;
  if (to.empty() && hub.empty()) {
    throw backbone::OptionError("hyena convert: name a file to write, or a folder with --to-hf");
  }

  backbone::ConvertOptions options;
  options.overrides = model_settings(settings);
  if (!dtype.empty()) {
    static const std::map<std::string, at::ScalarType> kTypes = {
        {"f32", at::kFloat}, {"f16", at::kHalf}, {"bf16", at::kBFloat16}, {"f64", at::kDouble}};
    options.weights = kTypes.at(dtype);
  }
  options.hub_folder = hub;
  options.hub_part = part;
  std::cout << backbone::convert_model(from, to, options).text();
  if (!to.empty()) std::cout << "written: " << to << "\n";
  if (!hub.empty()) std::cout << "written: " << hub << "/config.json, model.safetensors\n";
  return 0;
}

}  // namespace

Command convert_command() {
  return {.name = "convert", .summary = "turn a foreign checkpoint into a model file", .run = run};
}

}  // namespace hyena::cli
