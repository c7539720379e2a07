#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

namespace hyena::datasets {

/// Picture formats that can be told by the first bytes of a file.
enum class PictureFormat { kUnknown, kJpeg, kPng, kBmp, kWebp, kTiff, kPnm };

/// Looks at content only; a name can lie (ImageNet has a PNG called .JPEG).
PictureFormat sniff_format(std::span<const std::uint8_t> bytes);

/// The bytes sniff_format needs.
inline constexpr std::size_t kSniffBytes = 12;

/// Why a picture is incomplete, e.g. "truncated: no end-of-image marker after byte 4711"; empty
/// when it is whole. Walks the markers of JPEG and the chunks of PNG, because decoders fill what is
/// missing with gray and report success; other formats are left to the decoder.
std::string find_truncation(std::span<const std::uint8_t> bytes, PictureFormat format);

/// True for names that a person would call a picture's: .jpg, .jpeg, .png, .bmp, .webp, .tif,
/// .tiff, .ppm, .pgm, .pbm, in any case.
bool has_picture_suffix(const std::filesystem::path& path);

}  // namespace hyena::datasets
