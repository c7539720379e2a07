#include "datasets/picture_format.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstring>
#include <string_view>

namespace hyena::datasets {
namespace {

using Bytes = std::span<const std::uint8_t>;

bool starts_with(Bytes bytes, std::string_view magic, std::size_t at = 0) {
  return bytes.size() >= at + magic.size() &&
         std::memcmp(bytes.data() + at, magic.data(), magic.size()) == 0;
}

std::uint32_t big_endian(Bytes bytes, std::size_t at, int count) {
  std::uint32_t value = 0;
  for (int i = 0; i < count; ++i) value = value << 8 | bytes[at + static_cast<std::size_t>(i)];
  return value;
}

/// JPEG (ITU-T T.81, annex B): segments FF xx with a length, entropy-coded data after SOS in which
/// FF is followed by 00 or a restart marker (the search for FF passes over it), EOI at the end.
/// Bytes after EOI are allowed.
std::string find_jpeg_truncation(Bytes bytes) {
  constexpr std::uint8_t kEoi = 0xd9, kTem = 0x01, kFirstRst = 0xd0, kSoi = 0xd8;
  std::size_t at = 2;
  while (at + 1 < bytes.size()) {
    const auto* ff =
        static_cast<const std::uint8_t*>(std::memchr(bytes.data() + at, 0xff, bytes.size() - at));
    if (ff == nullptr) break;
    at = static_cast<std::size_t>(ff - bytes.data()) + 1;
    while (at < bytes.size() && bytes[at] == 0xff) ++at;  // fill bytes
    if (at >= bytes.size()) break;
    const std::uint8_t marker = bytes[at++];
    if (marker == kEoi) return "";
    const bool alone = marker == 0 || marker == kTem || (marker >= kFirstRst && marker <= kSoi);
    if (alone) continue;
    if (at + 2 > bytes.size()) break;
    at += std::max<std::size_t>(2, big_endian(bytes, at, 2));
  }
  return "truncated: " + std::to_string(bytes.size()) + " bytes without JPEG's end-of-image marker";
}

/// PNG: signature, then chunks of length, type, data, checksum; IEND is the last.
std::string find_png_truncation(Bytes bytes) {
  std::size_t at = 8;
  while (bytes.size() >= at + 12) {
    const std::size_t length = big_endian(bytes, at, 4);
    if (length > bytes.size() - at - 12) break;
    if (starts_with(bytes, "IEND", at + 4)) return "";
    at += 12 + length;
  }
  return "truncated: " + std::to_string(bytes.size()) + " bytes without PNG's end chunk";
}

}  // namespace

PictureFormat sniff_format(Bytes bytes) {
  if (starts_with(bytes, "\xff\xd8\xff")) return PictureFormat::kJpeg;
  if (starts_with(bytes, "\x89PNG\r\n\x1a\n")) return PictureFormat::kPng;
  if (starts_with(bytes, "RIFF") && starts_with(bytes, "WEBP", 8)) return PictureFormat::kWebp;
  if (starts_with(bytes, std::string_view("II*\0", 4)) ||
      starts_with(bytes, std::string_view("MM\0*", 4))) {
    return PictureFormat::kTiff;
  }
  if (starts_with(bytes, "BM")) return PictureFormat::kBmp;
  if (bytes.size() >= 3 && bytes[0] == 'P' && bytes[1] >= '1' && bytes[1] <= '6' &&
      std::isspace(bytes[2]) != 0) {
    return PictureFormat::kPnm;
  }
  return PictureFormat::kUnknown;
}

std::string find_truncation(Bytes bytes, PictureFormat format) {
  if (format == PictureFormat::kJpeg) return find_jpeg_truncation(bytes);
  if (format == PictureFormat::kPng) return find_png_truncation(bytes);
  return "";
}

bool has_picture_suffix(const std::filesystem::path& path) {
  static constexpr std::array<std::string_view, 10> kSuffixes = {
      ".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm", ".pbm"};
  std::string suffix = path.extension().string();
  for (char& c : suffix) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return std::find(kSuffixes.begin(), kSuffixes.end(), suffix) != kSuffixes.end();
}

}  // namespace hyena::datasets
