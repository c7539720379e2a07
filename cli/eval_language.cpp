#include "cli/eval_language.h"

#include <iostream>
#include <string>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "backbone/options.h"
#include "cli/command.h"
#include "cli/flags.h"
#include "cli/language_flags.h"
#include "cli/parse.h"
#include "cli/predict_flags.h"
#include "train/language_eval.h"

namespace hyena::cli {
namespace {

/// "key value" lines for a person.
void show(const nlohmann::json& result) {
  for (const auto& [key, value] : result.items()) {
    std::string text = value.is_string() ? value.get<std::string>() : value.dump();
    if (value.is_number_float()) {
      char digits[32];
      std::snprintf(digits, sizeof digits, "%.6g", value.get<double>());
      text = digits;
    }
    std::printf("%-16s %s\n", key.c_str(), text.c_str());
  }
}

}  // namespace

int eval_language(const std::string& task, const std::vector<std::string>& args) {
  CLI::App app(
      "Measures a language model: --task perplexity on running text, --task lambada on "
      "last words.",
      "hyena eval");
  LanguageFlags model(app, "-m");
  std::string named;
  bool as_json = false;
  app.add_option("--task", named, "perplexity or lambada");
  app.add_flag("--json", as_json, "print the result as JSON");
  nlohmann::json values = nlohmann::json::object();
  FlagSet flags(app, values);
  train::PerplexityOptions perplexity;
  train::LambadaOptions lambada;
  const bool words = task == "lambada";
  if (words) {
    lambada.visit(flags);
  } else {
    perplexity.visit(flags);
  }
  if (const int code = parse(app, args); code >= 0) return code;

  train::LanguageEvaluator evaluator(model.request());
  if (!as_json) std::cerr << evaluator.description() << "\n";
  bool whole = true;
  const auto progress = console_progress(words ? "read" : "windows");
  const auto watch = [&](std::int64_t done, std::int64_t total) {
    return whole = progress(done, total);
  };
  const auto result =
      words ? evaluator.lambada(backbone::options_of<train::LambadaOptions>(values, "command line"),
                                watch)
            : evaluator.perplexity(
                  backbone::options_of<train::PerplexityOptions>(values, "command line"), watch);
  if (as_json) {
    std::cout << result.dump(2) << "\n";
  } else {
    show(result);
  }
  if (whole) return 0;
  std::cerr << "interrupted; the figures are of what was seen until then\n";
  return kInterrupted;
}

}  // namespace hyena::cli
