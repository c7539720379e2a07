#include <exception>

#include "backbone/atomic_file.h"
#include "cli/figure_flags.h"
#include "cli/figure_writer.h"
#include "cli/version.h"
#include "inspect/exports/failure.h"
#include "inspect/model_card.h"

namespace hyena::cli {

inspect::Report begin_report(const FigureFlags& flags, const inspect::Sources& sources) {
  inspect::Report report;
  report.title = sources.model ? "Inside " + sources.model->facts().file : "Figures";
  const auto version = version_text();
  report.program = version.substr(0, version.find('\n'));
  report.facts =
      inspect::report_facts(sources.model.get(), sources.second.get(), sources.input.get());
  const auto request = flags.sources().model;
  if (!sources.model) return report;
  try {
    auto card = inspect::model_card(request.model, request.img_size, request.model_options);
    card.file = sources.model->facts().file;
    // A training run's folders are nobody's business.
    card.metadata.clear();
    card.notes.training = {};
    report.card = inspect::to_text(card);
  } catch (const std::exception&) {
    // The facts above tell the most of it.
  }
  return report;
}

void add_to_report(inspect::Report& report, const inspect::Figure& figure,
                   const inspect::View& view) {
  auto entry = inspect::report_figure(figure, view.group, view.summary);
  entry.light = picture_address(figure, "light");
  entry.dark = picture_address(figure, "dark");
  report.figures.push_back(std::move(entry));
}

void write_report(const inspect::Report& report, const std::string& file) {
  try {
    backbone::write_file_atomically(file, inspect::report_html(report));
  } catch (const std::exception& error) {
    throw inspect::ExportFailure(inspect::FailureKind::write, error.what());
  }
}

}  // namespace hyena::cli
