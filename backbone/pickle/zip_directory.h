#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hyena::backbone {

/// One file of a zip archive, stored without compression.
struct ZipEntry {
  std::string_view name;    ///< in the archive's bytes
  std::uint64_t at = 0;     ///< its local header
  std::uint64_t begin = 0;  ///< its contents: first byte ...
  std::uint64_t size = 0;   ///< ... and length, inside the archive
  std::uint32_t crc = 0;    ///< CRC-32 that the archive claims; not checked yet
};

/// Reads the directory of the zip archive `bytes` (a whole file, up to 2^63 bytes: ZIP64 is read),
/// in the order of the entries' places, and compares it with the header before each entry. Throws
/// TorchFileError, with `file` as its name in the message: for archives of several parts, encrypted
/// or compressed entries, sizes or names that differ between the two, entries that overlap each
/// other or the directory, and the same name twice.
std::vector<ZipEntry> read_zip_directory(std::string_view bytes, const std::string& file);

/// Throws TorchFileError where the contents do not have the entry's CRC.
void check_crc(std::string_view bytes, const ZipEntry& entry, const std::string& file);

}  // namespace hyena::backbone
