#pragma once

#include <cstddef>
#include <string>

#include "inspect/figure/figure.h"

namespace hyena::inspect {

/// "a", "b", … "z", "aa": what a printed panel is called.
std::string panel_letter(std::size_t index);

/// Axis title with its unit: "lag τ (tokens)".
std::string axis_text(const Axis& axis);

/// The caption of a figure: title, panels, what is drawn; limits, scope, clipping, cells that are
/// not numbers, interpolation; where it comes from. No clock time, no path.
std::string caption_text(const Figure& figure);

/// The last part of it alone: "Model m.safetensors, sha256 3fa9c1d2…, float32, cpu, …".
std::string provenance_text(const Provenance& provenance);

/// A description for screen readers and tests: each panel's kind, title, axes and ranges in words.
std::string describe(const Figure& figure);

/// A piece of a text as it is shown: spaces "·", newlines "↵", tabs "→", control characters and
/// bytes that are not UTF-8 as "\x1b".
std::string visible_piece(const std::string& piece);

}  // namespace hyena::inspect
