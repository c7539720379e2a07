#pragma once

#include <string>
#include <vector>

#include "inspect/figure/figure.h"
#include "inspect/subject.h"

namespace hyena::inspect {

/// One figure of a page. Pictures are "data:" addresses, so that the page is one file.
struct ReportFigure {
  std::string group = {};
  std::string view = {};  ///< id
  std::string title = {}, subtitle = {};
  std::string summary = {};  ///< which question it answers
  std::string caption = {};
  std::string description = {};  ///< for those who do not see the picture
  std::string light = {}, dark = {};
};

/// Texts of the figure; light and dark are the caller's.
ReportFigure report_figure(const Figure& figure, const std::string& group,
                           const std::string& summary);

struct Report {
  std::string title = {};
  std::string program = {};
  std::string card = {};                   ///< model card as text; empty: none
  std::vector<std::string> facts = {};     ///< one line each: model, input, device
  std::vector<ReportFigure> figures = {};  ///< in order; groups follow each other
  std::vector<std::string> notes = {};     ///< e.g. which views were left out
};

/// Lines for Report::facts. No path.
std::vector<std::string> report_facts(const Subject* model, const Subject* second,
                                      const Stimulus* input);

/// A page of HTML, well-formed as XML: light and dark as the reader's system has it, no script,
/// nothing from a network. Equal reports give equal bytes.
std::string report_html(const Report& report);

}  // namespace hyena::inspect
