#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>

#include "inspect/figure/figure.h"

/// Figures as files of numbers, without Qt. Equal figures give equal bytes.
namespace hyena::inspect {

/// NumPy format 1.0, float32, rows first, little endian.
std::string npy_bytes(const Array& array);

/// Comma-separated values in the C locale. Lines that start with "#" hold the caption and the
/// provenance. Curves: a column for x and one a curve (curves on other x: their own pair of
/// columns); maps: y down, x along, the cells between; bars, tokens, tables and boxes: a row each.
/// Several panels follow each other, each under "# panel b: TITLE"; `panel` picks one.
std::string csv_text(const Figure& figure, std::optional<std::size_t> panel = {});

/// Writes .npy (the first of figure.arrays), .csv or .json by the file's suffix, whole or not at
/// all. Throws std::invalid_argument for another suffix or a figure without such data, and
/// std::runtime_error where the disk refuses; nothing is left behind.
void write_figure_data(const Figure& figure, const std::filesystem::path& file,
                       std::optional<std::size_t> panel = {});

}  // namespace hyena::inspect
