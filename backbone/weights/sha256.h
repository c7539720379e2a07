#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace hyena::backbone {

/// SHA-256 (FIPS 180-4) in hex.
std::string sha256(std::string_view bytes);

/// Of a file's contents. Throws std::runtime_error when it cannot be read.
std::string sha256_of_file(const std::filesystem::path& path);

}  // namespace hyena::backbone
