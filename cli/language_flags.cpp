#include "cli/language_flags.h"

#include <CLI/CLI.hpp>

#include "cli/flags.h"
#include "cli/predict_flags.h"

namespace hyena::cli {

LanguageFlags::LanguageFlags(CLI::App& app, const std::string& alias) {
  train::LanguageRequest shown;
  FlagSet flags(app, values_, {"model"});
  flags.group("Model");
  app.add_option((alias.empty() ? "" : alias + ",") + "--model", model_,
                 "checkpoint of a language model")
      ->group("Model")
      ->required();
  shown.visit(flags);
  app.add_option("--set", settings_,
                 "KEY=VALUE: an option of the model that a foreign checkpoint does not tell")
      ->group("Model")
      ->type_name("KEY=VALUE ...");
}

train::LanguageRequest LanguageFlags::request() const {
  auto request = backbone::options_of<train::LanguageRequest>(values_, "command line");
  request.model = model_;
  request.model_options = model_settings(settings_);
  return request;
}

}  // namespace hyena::cli
