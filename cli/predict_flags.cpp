#include "cli/predict_flags.h"

#include <cstdio>

#include <unistd.h>

#include <CLI/CLI.hpp>

#include "cli/flags.h"
#include "cli/parse.h"
#include "cli/signals.h"

namespace hyena::cli {

ModelFlags::ModelFlags(CLI::App& app) {
  train::ModelRequest shown;
  FlagSet flags(app, values_);
  flags.group("Model");
  shown.visit(flags);
  app.add_option("--set", settings_,
                 "KEY=VALUE: an option of the model that a foreign checkpoint does not tell")
      ->group("Model")
      ->type_name("KEY=VALUE ...");
}

train::ModelRequest ModelFlags::request() const {
  auto request = backbone::options_of<train::ModelRequest>(values_, "command line");
  request.model_options = model_settings(settings_);
  return request;
}

nlohmann::json model_settings(const std::vector<std::string>& settings) {
  nlohmann::json out = nlohmann::json::object();
  for (const auto& setting : settings) {
    const auto equals = setting.find('=');
    if (equals == std::string::npos || equals == 0) {
      throw backbone::OptionError("--set: expected KEY=VALUE, got '" + setting + "'");
    }
    const std::string text = setting.substr(equals + 1);
    auto value = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (value.is_discarded()) value = text;
    out[setting.substr(0, equals)] = value;
  }
  return out;
}

train::Progress console_progress(const std::string& what) {
  const bool terminal = isatty(STDERR_FILENO) == 1;
  const auto& stop = stop_on_signals();
  return [what, terminal, &stop](std::int64_t done, std::int64_t total) {
    if (terminal) {
      std::fprintf(stderr, "\r%s %lld/%lld%s", what.c_str(), static_cast<long long>(done),
                   static_cast<long long>(total), done == total ? "\n" : "");
    }
    return !stop;
  };
}

}  // namespace hyena::cli
