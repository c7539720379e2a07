#include <algorithm>
#include <exception>
#include <filesystem>
#include <iostream>
#include <optional>
#include <stdexcept>

#include <CLI/CLI.hpp>

#include "backbone/atomic_file.h"
#include "cli/command.h"
#include "cli/figure_flags.h"
#include "cli/figure_writer.h"
#include "cli/parse.h"
#include "cli/version.h"
#include "inspect/exports/failure.h"
#include "inspect/exports/formats.h"
#include "inspect/exports/plan.h"

namespace hyena::cli {
namespace {

namespace fs = std::filesystem;
using inspect::ExportFailure;
using inspect::FailureKind;

void make_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (!fs::is_directory(folder)) {
    throw ExportFailure(FailureKind::write, folder.string() + ": cannot be made a folder" +
                                                (error ? ": " + error.message() : ""));
  }
  backbone::remove_abandoned_files(folder);
}

/// What came of it.
struct Outcome {
  std::vector<std::string> written, kept;
  nlohmann::json skipped = nlohmann::json::array();
  bool failed = false;

  void skip(const inspect::View& view, const std::string& why) {
    skipped.push_back({{"view", view.id}, {"why", why}});
  }
};

class Exporter {
 public:
  Exporter(const FigureFlags& flags, std::vector<std::string> formats, const std::string& folder)
      : flags_(flags), options_(flags.picture()), formats_(std::move(formats)), folder_(folder) {
    const auto version = version_text();
    program_ = version.substr(0, version.find('\n'));
    if (!folder_.empty()) record_.emplace(folder_);
  }

  void one(const inspect::View& view, const inspect::Sources& sources,
           const inspect::Progress& progress, inspect::Report* report) {
    std::vector<std::string> open;
    for (const auto& format : formats_) {
      const auto name = inspect::export_name(view, format);
      if (record_->finished(name, key(view, sources, format))) {
        outcome.kept.push_back(name);
      } else {
        open.push_back(format);
      }
    }
    if (open.empty() && !report) return;
    std::optional<inspect::Figure> figure;
    try {
      figure = inspect::draw_or_fail(view, sources.context(), nlohmann::json::object(), progress);
    } catch (const ExportFailure& error) {
      // The others are written all the same; the exit code tells.
      outcome.skip(view, error.what());
      outcome.failed = true;
      return;
    }
    for (const auto& format : open) {
      progress("writing " + format, 0, 1);
      write(view, sources, *figure, format);
    }
    if (report) add_to_report(*report, *figure, view);
  }

  Outcome outcome;

 private:
  nlohmann::json key(const inspect::View& view, const inspect::Sources& sources,
                     const std::string& format) const {
    auto made = inspect::made_of(view, sources, program_);
    if (made.is_null() || !inspect::find_format(format).picture) return made;
    made["picture"] = {flags_.theme, flags_.size, flags_.dpi};
    return made;
  }

  void write(const inspect::View& view, const inspect::Sources& sources,
             const inspect::Figure& figure, const std::string& format) {
    if (format == "npy" && figure.arrays.empty()) {
      outcome.skip(view, "this figure has no array for NPY");
      return;
    }
    const auto name = inspect::export_name(view, format);
    try {
      write_figure(figure, folder_ / name, options_);
      record_->add(name, key(view, sources, format));
    } catch (const std::invalid_argument& error) {
      throw ExportFailure(FailureKind::usage, error.what());
    } catch (const std::exception& error) {
      throw ExportFailure(FailureKind::write, error.what());
    }
    outcome.written.push_back(name);
  }

  const FigureFlags& flags_;
  inspect::ExportOptions options_;
  std::vector<std::string> formats_;
  fs::path folder_;
  std::string program_;
  std::optional<inspect::ExportRecord> record_;
};

int finish(const FigureFlags& flags, const Outcome& outcome) {
  if (flags.json) {
    const nlohmann::json out = {
        {"written", outcome.written}, {"kept", outcome.kept}, {"skipped", outcome.skipped}};
    std::cout << out.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << "\n";
  } else if (!flags.quiet || outcome.failed) {
    for (const auto& one : outcome.skipped) {
      std::cerr << "left out: " << one["why"].get<std::string>() << "\n";
    }
    std::cerr << outcome.written.size() << " written, " << outcome.kept.size()
              << " kept from before\n";
  }
  return outcome.failed ? static_cast<int>(FailureKind::view) : 0;
}

int run(const std::vector<std::string>& args) {
  CLI::App app("Writes every figure that a model and an input can serve; goes on where it stopped.",
               "hyena export-all");
  FigureFlags flags(app);
  std::string folder;
  std::vector<std::string> groups, formats;
  app.add_option("-o,--out-dir", folder, "folder of the files, named by their views");
  app.add_option("--group", groups, "only these groups of views")->delimiter(',');
  app.add_option("--formats", formats, "default png,csv; csv without Qt")->delimiter(',');
  app.add_option("--report", flags.report, "page.html: all figures on one page");
  if (const int code = parse(app, args); code >= 0) return code;

  return with_failures("hyena export-all", flags.json, [&] {
    if (folder.empty() && flags.report.empty()) {
      throw ExportFailure(FailureKind::usage,
                          "nothing to write: say --out-dir FOLDER or --report FILE");
    }
    if (folder.empty()) {
      formats.clear();
    } else if (formats.empty()) {
      formats = why_no_pictures().empty() ? std::vector<std::string>{"png", "csv"}
                                          : std::vector<std::string>{"csv"};
    }
    const bool pictures = std::ranges::any_of(
        formats, [](const auto& name) { return inspect::find_format(name).picture; });
    if (pictures || !flags.report.empty()) require_pictures();
    FigureProgress progress(flags.quiet);
    progress.start("opening", 0, 1);
    const auto sources = inspect::open_sources(flags.sources(), progress.steps());
    const auto plan = inspect::plan_exports(sources.context(), groups);
    if (plan.views.empty()) {
      throw ExportFailure(FailureKind::view,
                          "no view can be drawn of this" +
                              (plan.skipped.empty() ? "" : "; the first: " + plan.skipped[0].why));
    }
    if (!folder.empty()) make_folder(folder);
    Exporter exporter(flags, formats, folder);
    for (const auto& one : plan.skipped) {
      exporter.outcome.skip(*one.view, one.view->id + ": " + one.why);
    }
    std::optional<inspect::Report> report;
    if (!flags.report.empty()) report = begin_report(flags, sources);
    for (std::size_t i = 0; i < plan.views.size(); ++i) {
      progress.start(plan.views[i]->id, i, plan.views.size());
      exporter.one(*plan.views[i], sources, progress.steps(), report ? &*report : nullptr);
    }
    if (report) {
      for (const auto& one : exporter.outcome.skipped) {
        report->notes.push_back(one["why"].get<std::string>());
      }
      write_report(*report, flags.report);
    }
    progress.clear();
    return finish(flags, exporter.outcome);
  });
}

}  // namespace

Command export_all_command() {
  return {.name = "export-all",
          .summary = "write every figure of a model, or a page of them",
          .run = run};
}

}  // namespace hyena::cli
