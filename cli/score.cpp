#include <fstream>
#include <iostream>
#include <iterator>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "backbone/options.h"
#include "cli/command.h"
#include "cli/language_flags.h"
#include "cli/parse.h"
#include "train/language_eval.h"

namespace hyena::cli {
namespace {

int run(const std::vector<std::string>& args) {
  CLI::App app(
      "Log-probabilities (nats) that a language model gives each token of a text, as JSON.",
      "hyena score");
  LanguageFlags model(app, "-m");
  std::string text, file;
  app.add_option("-p,--text", text, "the text");
  app.add_option("-f,--file", file, "file with the text; neither: standard input");
  if (const int code = parse(app, args); code >= 0) return code;
  if (!file.empty() && !text.empty()) throw backbone::OptionError("--text or --file, not both");
  if (!file.empty()) {
    std::ifstream in(file, std::ios::binary);
    if (!in) throw backbone::OptionError(file + ": cannot be opened");
    text.assign(std::istreambuf_iterator<char>(in), {});
  } else if (text.empty()) {
    text.assign(std::istreambuf_iterator<char>(std::cin), {});
  }
  train::LanguageEvaluator evaluator(model.request());
  std::cout << evaluator.score(text).dump(2) << "\n";
  return 0;
}

}  // namespace

Command score_command() {
  return {.name = "score", .summary = "log-probabilities of a text's tokens", .run = run};
}

}  // namespace hyena::cli
