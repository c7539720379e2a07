#include <cstdio>
#include <iostream>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/parse.h"
#include "train/model_list.h"

namespace hyena::cli {
namespace {

int run(const std::vector<std::string>& args) {
  CLI::App app("Lists the models that `hyena train --model` knows.", "hyena models");
  std::string filter;
  std::int64_t img_size = 0;
  bool flops = false, mixers = false, as_json = false;
  app.add_option("filter", filter, "part of a name");
  app.add_option("--img-size", img_size,
                 "input size of picture models [pixels]; 0: each model's own");
  app.add_flag("--flops", flops, "count the forward pass too (takes a while)");
  app.add_flag("--mixers", mixers, "list the kinds of --mixer instead");
  app.add_flag("--json", as_json, "as JSON");
  if (const int code = parse(app, args); code >= 0) return code;

  if (mixers) {
    for (const auto& [name, summary] : train::list_mixers()) {
      std::printf("%-22s %s\n", name.c_str(), summary.c_str());
    }
    return 0;
  }
  const auto models = train::list_models(filter, img_size, flops);
  if (as_json) {
    auto out = nlohmann::json::array();
    for (const auto& m : models) {
      out.push_back({{"name", m.name},
                     {"family", m.family},
                     {"mixer", m.mixer},
                     {"kind", m.kind},
                     {"input_size", m.input_size},
                     {"parameters", m.parameters},
                     {"summary", m.summary}});
      if (flops) out.back()["flops"] = m.flops;
      if (!m.error.empty()) out.back()["error"] = m.error;
    }
    std::cout << out.dump(2) << "\n";
    return 0;
  }
  std::printf("%-26s %9s %6s%s  %s\n", "name", "params", "input", flops ? "     GFLOP" : "", "");
  for (const auto& m : models) {
    if (!m.error.empty()) {
      std::printf("%-26s %s\n", m.name.c_str(), m.error.c_str());
      continue;
    }
    std::printf("%-26s %7.2f M %5lld", m.name.c_str(), static_cast<double>(m.parameters) / 1e6,
                static_cast<long long>(m.input_size));
    if (flops) std::printf(" %10.3f", m.flops / 1e9);
    std::printf("   %s\n", m.summary.c_str());
  }
  if (models.empty()) {
    std::cerr << "no model has '" << filter << "' in its name\n";
    return 1;
  }
  return 0;
}

}  // namespace

Command models_command() {
  return {.name = "models", .summary = "list models and mixers", .run = run};
}

}  // namespace hyena::cli
