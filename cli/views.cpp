#include <iostream>

#include <CLI/CLI.hpp>

#include "cli/command.h"
#include "cli/parse.h"
#include "inspect/format.h"
#include "inspect/views/view.h"

namespace hyena::cli {
namespace {

std::string needs_text(const inspect::ViewNeeds& needs) {
  std::string text;
  const auto add = [&](bool there, const char* what) {
    if (there) text += (text.empty() ? "" : ", ") + std::string(what);
  };
  add(needs.table, "table");
  add(needs.model && needs.vision && needs.language, "model");
  add(needs.model && needs.vision && !needs.language, "vision model");
  add(needs.model && !needs.vision && needs.language, "language model");
  add(needs.input, "input");
  add(needs.second_model, "second model");
  return text;
}

void print_one(const inspect::View& view) {
  std::cout << view.id << ": " << view.title << " (" << view.group << ")\n"
            << view.summary << "\nneeds: " << needs_text(view.needs) << "\n\n";
  inspect::TextTable table({"--set", "default", "help"}, 3);
  for (const auto& all : inspect::views_json()) {
    if (all.at("id") != view.id) continue;
    for (const auto& one : all.at("parameters")) {
      const auto& standing = one.at("default");
      table.add({one.at("name").get<std::string>(),
                 standing.is_string() ? standing.get<std::string>() : standing.dump(),
                 one.value("help", "")});
    }
  }
  std::cout << table.text();
}

int run(const std::vector<std::string>& args) {
  CLI::App app("Lists the figures that `hyena export` writes.", "hyena views");
  std::string id;
  bool json = false;
  app.add_option("view", id, "the parameters of this one");
  app.add_flag("--json", json, "all of them with their parameters, as JSON");
  if (const int code = parse(app, args); code >= 0) return code;
  if (json) {
    std::cout << inspect::views_json().dump(2) << "\n";
  } else if (!id.empty()) {
    print_one(inspect::find_view(id));
  } else {
    inspect::TextTable table({"view", "group", "needs", "title"}, 4);
    for (const auto& view : inspect::views()) {
      table.add({view.id, view.group, needs_text(view.needs), view.title});
    }
    std::cout << table.text();
  }
  return 0;
}

}  // namespace

Command views_command() {
  return {.name = "views", .summary = "list the figures that export writes", .run = run};
}

}  // namespace hyena::cli
