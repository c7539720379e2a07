#pragma once

#include <functional>
#include <string>
#include <vector>

#include <CLI/App.hpp>
#include <nlohmann/json.hpp>

#include "inspect/exports/report.h"
#include "inspect/exports/sources.h"
#include "inspect/paint/export.h"

/// What `hyena export` and `hyena export-all` share.
namespace hyena::cli {

class FigureFlags {
 public:
  explicit FigureFlags(CLI::App& app);

  /// After parsing. Throw ExportFailure.
  inspect::SourceRequest sources() const;
  inspect::ExportOptions picture() const;

  bool quiet = false, json = false;
  std::string report;  ///< file of the page; empty: none
  std::string size, theme;
  double dpi = 0;

 private:
  inspect::SourceRequest request_;
  std::string prompt_, prompt_file_;
  CLI::Option* prompt_given_ = nullptr;
  std::vector<std::string> model_settings_;
};

/// Throws ExportFailure where this build writes no pictures.
void require_pictures();

/// Tells on a terminal's standard error what is done, with an estimate of what is left, and throws
/// Cancelled after Ctrl-C. Elsewhere it only looks for Ctrl-C.
class FigureProgress {
 public:
  explicit FigureProgress(bool quiet);
  ~FigureProgress();
  FigureProgress(const FigureProgress&) = delete;
  FigureProgress& operator=(const FigureProgress&) = delete;

  /// Figure `done` of `total` comes next.
  void start(const std::string& what, std::size_t done, std::size_t total);
  inspect::Progress steps();
  void clear();

 private:
  void show(const std::string& step);

  bool shown_ = false;
  bool dirty_ = false;
  std::string what_;
  std::size_t done_ = 0, total_ = 0;
  double began_ = 0;
};

/// Runs the command; ExportFailure, Cancelled and all else become a line on standard error, or an
/// object {"error": {"kind", "message"}} on standard output, and the exit code.
int with_failures(const char* command, const bool& json, const std::function<int()>& body);

/// A page begun: title, facts and model card.
inspect::Report begin_report(const FigureFlags& flags, const inspect::Sources& sources);
void add_to_report(inspect::Report& report, const inspect::Figure& figure,
                   const inspect::View& view);
void write_report(const inspect::Report& report, const std::string& file);

}  // namespace hyena::cli
