#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>

#include "inspect/figure/figure.h"

namespace hyena::inspect {

struct ExportOptions {
  std::string theme = {};    ///< paper, light, dark; empty: paper
  double width = 0;          ///< 0: 180 mm on paper, else 1200 px
  double height = 0;         ///< 0: as the panels need it
  bool millimetres = false;  ///< unit of both, else pixels of a PNG at this dpi
  double dpi = 0;            ///< of PNG; 0: 300 on paper, else 96. SVG and PDF count pixels at 96
  bool heading = true;       ///< the title above, in the themes of windows
  std::optional<std::size_t> panel = {};  ///< CSV: this panel alone
};

/// Writes the figure as its file's suffix says: .png, .svg, .pdf, or .npy, .csv, .json (no Qt
/// needed: write_figure_data). Whole or not at all. Equal figures and options give equal bytes: no
/// clock time, no path; SOURCE_DATE_EPOCH in the environment is the date in a PDF, else 1970.
/// Pictures carry the caption and the provenance: text chunks, metadata. Throws
/// std::invalid_argument for a suffix, theme or size that cannot be, std::runtime_error where the
/// disk refuses.
void export_figure(const Figure& figure, const std::filesystem::path& file,
                   const ExportOptions& options = {});

/// The same as bytes. `format`: "png", "svg" or "pdf".
std::string picture_bytes(const Figure& figure, const std::string& format,
                          const ExportOptions& options = {});

/// A PDF of Qt with its dates, its id and its UUIDs replaced by what depends on nothing but
/// `seconds` since 1970. No byte moves, so offsets in it stay valid.
std::string without_clock(std::string pdf, long long seconds);

}  // namespace hyena::inspect
