#pragma once

#include <filesystem>
#include <string>

#include "inspect/figure/figure.h"
#include "inspect/paint/export.h"

/// All that differs between builds with and without Qt; CMake picks one of two files.
namespace hyena::cli {

/// Why pictures cannot be written, and what to do; empty: they can.
std::string why_no_pictures();

/// Any format, by the file's suffix, whole or not at all. Throws as inspect::export_figure().
void write_figure(const inspect::Figure& figure, const std::filesystem::path& file,
                  const inspect::ExportOptions& options);

/// For pages of HTML; see inspect::picture_address().
std::string picture_address(const inspect::Figure& figure, const std::string& theme);

}  // namespace hyena::cli
