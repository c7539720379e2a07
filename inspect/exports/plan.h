#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "inspect/exports/sources.h"
#include "inspect/views/view.h"

namespace hyena::inspect {

struct SkippedView {
  const View* view = nullptr;
  std::string why = {};  ///< missing()'s sentence
};

/// Which views an "export all" draws.
struct ExportPlan {
  std::vector<const View*> views = {};  ///< in the registry's order
  std::vector<SkippedView> skipped = {};
};

/// Every view of the groups (empty: all) that this model and input can serve. Throws ExportFailure
/// (usage) for an unknown group.
ExportPlan plan_exports(const ViewContext& context, const std::vector<std::string>& groups = {});

/// File name of a view's figure: its id with "-" for "/", and the suffix.
std::string export_name(const View& view, const std::string& format);

/// What is finished in a folder, in the file exports.json there: for each file of which sources and
/// options it was made, and the checksum of its bytes. So an interrupted export goes on where it
/// was.
class ExportRecord {
 public:
  /// Reads the folder's record; one that is damaged counts as empty.
  explicit ExportRecord(std::filesystem::path folder);

  /// Whether the file is there, made of the same and unchanged since.
  bool finished(const std::string& name, const nlohmann::json& made_of) const;
  /// Writes the record, whole or not at all. Throws std::runtime_error where the disk refuses.
  void add(const std::string& name, const nlohmann::json& made_of);

 private:
  std::filesystem::path folder_;
  std::map<std::string, nlohmann::json> files_;
};

/// Of what the figure of this view would be made: program, view, checksums of the sources. Null
/// where a source has no checksum, so that nothing made of it counts as finished.
nlohmann::json made_of(const View& view, const Sources& sources, const std::string& program);

}  // namespace hyena::inspect
