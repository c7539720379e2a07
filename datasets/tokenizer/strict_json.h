#pragma once

#include <string>

#include <nlohmann/json.hpp>

namespace hyena::datasets {

/// Parses the text of `file` as one JSON value. Throws ReadError that names the file: what is no
/// JSON, with its place; a key that appears twice in one object; more than 32 levels; a byte 0.
nlohmann::json parse_strictly(const std::string& text, const std::string& file);

}  // namespace hyena::datasets
