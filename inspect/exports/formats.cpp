#include "inspect/exports/formats.h"

#include <filesystem>

#include "inspect/exports/failure.h"

namespace hyena::inspect {
namespace {

const ExportFormat* known(const std::string& name) {
  for (const auto& format : export_formats()) {
    if (format.name == name) return &format;
  }
  return nullptr;
}

std::string all_names() {
  std::string list;
  for (const auto& format : export_formats()) list += (list.empty() ? "" : ", ") + format.name;
  return list;
}

}  // namespace

const std::vector<ExportFormat>& export_formats() {
  static const std::vector<ExportFormat> all = {
      {"png", "picture", true},
      {"svg", "vector picture, text as shapes", true},
      {"pdf", "vector picture for print", true},
      {"csv", "what is drawn, as a table", false},
      {"npy", "the first array, float32", false},
      {"json", "everything: panels, arrays, provenance", false},
  };
  return all;
}

const ExportFormat& find_format(const std::string& name) {
  if (const auto* format = known(name)) return *format;
  throw ExportFailure(FailureKind::usage,
                      "unknown format '" + name + "'; figures are written as " + all_names());
}

const ExportFormat& format_of_file(const std::string& file) {
  const std::string suffix = std::filesystem::path(file).extension().string();
  if (suffix.size() > 1) {
    if (const auto* format = known(suffix.substr(1))) return *format;
  }
  throw ExportFailure(FailureKind::usage, file + ": the suffix '" + suffix +
                                              "' is no format of figures; known: " + all_names());
}

}  // namespace hyena::inspect
