#pragma once

#include <memory>
#include <string>

#include "inspect/subject.h"
#include "inspect/views/view.h"

namespace hyena::inspect {

/// What figures are made of, by file names. Nothing has to be given: some views need a table alone.
struct SourceRequest {
  SubjectRequest model = {};
  std::string second = {};  ///< file of the model to compare with
  bool initial = false;     ///< compare with the model's own architecture, freshly drawn
  std::string picture = {};
  bool has_text = false;
  std::string text = {};
  std::string table = {};  ///< CSV file
};

/// The same, opened. Keeps alive what context() points to.
struct Sources {
  std::shared_ptr<Subject> model = {}, second = {};
  std::shared_ptr<const Stimulus> input = {};
  std::string table = {};
  bool initial = false;  ///< second is the model before training

  ViewContext context() const { return {model.get(), second.get(), input, table}; }
};

/// Throws ExportFailure: usage for what does not go together and for an unknown device, file, model
/// and input; Cancelled.
Sources open_sources(const SourceRequest& request, const Progress& progress = {});

/// draw() with its errors told apart. Throws ExportFailure (view where it cannot be drawn of this
/// or fails, usage for parameters, input for a table that does not serve) and Cancelled.
Figure draw_or_fail(const View& view, const ViewContext& context, const nlohmann::json& parameters,
                    const Progress& progress = {});

}  // namespace hyena::inspect
