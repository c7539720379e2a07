#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

namespace hyena::datasets {

/// Replaces `bytes` with the whole file; its memory is reused. Throws ReadError that names the file
/// and the system's reason.
void read_whole_file(const std::filesystem::path& path, std::vector<std::uint8_t>& bytes);

}  // namespace hyena::datasets
