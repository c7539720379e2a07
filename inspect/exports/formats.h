#pragma once

#include <string>
#include <vector>

namespace hyena::inspect {

/// A file format of figures; `name` is also the suffix.
struct ExportFormat {
  std::string name;
  std::string summary;
  bool picture = false;  ///< needs Qt in the build
};

const std::vector<ExportFormat>& export_formats();

/// By the suffix of `file`, ".png". Throws ExportFailure (usage) that lists the known ones.
const ExportFormat& format_of_file(const std::string& file);
/// By name, "png".
const ExportFormat& find_format(const std::string& name);

}  // namespace hyena::inspect
