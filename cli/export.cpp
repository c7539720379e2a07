#include <exception>
#include <iostream>
#include <stdexcept>

#include <CLI/CLI.hpp>

#include "cli/command.h"
#include "cli/figure_flags.h"
#include "cli/figure_writer.h"
#include "cli/parse.h"
#include "cli/predict_flags.h"
#include "inspect/exports/failure.h"
#include "inspect/exports/formats.h"

namespace hyena::cli {
namespace {

using inspect::ExportFailure;
using inspect::FailureKind;

int run(const std::vector<std::string>& args) {
  CLI::App app("Writes a figure of a model as a picture or as data; `hyena views` lists the views.",
               "hyena export");
  FigureFlags flags(app);
  std::string id, out;
  std::vector<std::string> settings;
  std::size_t panel = 0;
  app.add_option("--view", id, "id of the view")->required();
  app.add_option("--set", settings, "parameters of the view, see `hyena views ID`")
      ->type_name("KEY=VALUE ...");
  app.add_option("-o,--out", out, "file.png, .svg, .pdf, .csv, .npy or .json");
  app.add_option("--report", flags.report, "page.html: the figure on a page of its own");
  auto* one = app.add_option("--panel", panel, "CSV: this panel alone, from 0");
  if (const int code = parse(app, args); code >= 0) return code;

  return with_failures("hyena export", flags.json, [&] {
    if (out.empty() && flags.report.empty()) {
      throw ExportFailure(FailureKind::usage, "nothing to write: say --out FILE or --report FILE");
    }
    // All that can be refused is refused before a model is read.
    const auto& view = inspect::find_view(id);
    const auto parameters = model_settings(settings);
    auto options = flags.picture();
    if (one->count() > 0) options.panel = panel;
    if (!flags.report.empty() || inspect::format_of_file(out).picture) require_pictures();

    FigureProgress progress(flags.quiet);
    progress.start(view.id, 0, 1);
    const auto sources = inspect::open_sources(flags.sources(), progress.steps());
    const auto figure =
        inspect::draw_or_fail(view, sources.context(), parameters, progress.steps());
    nlohmann::json files = nlohmann::json::array();
    if (!out.empty()) {
      try {
        write_figure(figure, out, options);
      } catch (const std::invalid_argument& error) {
        throw ExportFailure(FailureKind::usage, error.what());
      } catch (const std::exception& error) {
        throw ExportFailure(FailureKind::write, error.what());
      }
      files.push_back(out);
    }
    if (!flags.report.empty()) {
      auto report = begin_report(flags, sources);
      add_to_report(report, figure, view);
      write_report(report, flags.report);
      files.push_back(flags.report);
    }
    progress.clear();
    if (flags.json) {
      std::cout
          << nlohmann::json{{"view", view.id}, {"files", files}, {"notes", figure.notes}}.dump()
          << "\n";
    } else if (!flags.quiet) {
      if (sources.model && !sources.model->facts().device_note.empty()) {
        std::cerr << "note: " << sources.model->facts().device_note << "\n";
      }
      for (const auto& note : figure.notes) std::cerr << "note: " << note << "\n";
    }
    return 0;
  });
}

}  // namespace

Command export_command() {
  return {.name = "export", .summary = "write a figure of a model", .run = run};
}

}  // namespace hyena::cli
