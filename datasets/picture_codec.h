#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "datasets/dataset.h"

/// Decoding and resizing, the two things that need a picture library. They are defined in
/// opencv_pictures.cpp or, in a build without OpenCV, in no_pictures.cpp.
namespace hyena::datasets {

/// False in a build without OpenCV: then decode_picture and resize throw ReadError.
bool picture_support();

/// JPEG, PNG, BMP, WebP, TIFF or PNM bytes as RGB, told by content. As Pillow's convert("RGB"):
/// EXIF orientation is ignored, gray is replicated, alpha is dropped. Unlike it, 16-bit files keep
/// their upper 8 bits, and CMYK may differ by a few levels. `name` opens every message.
/// Throws ReadError: empty, no known format, truncated (a JPEG without its end marker too, which
/// decoders fill up silently), damaged.
Picture decode_picture(std::span<const std::uint8_t> bytes, const std::string& name);

/// decode_picture of a file.
Picture read_picture(const std::filesystem::path& path);

/// How new pixels are computed from old ones. These are OpenCV's filters: bilinear and bicubic do
/// not widen when they shrink a picture (aliasing); area averages (bilinear where a side grows),
/// and comes nearest to Pillow's antialiased filters, which have their place beside these.
enum class Interpolation { kNearest, kBilinear, kBicubic, kArea };

/// Pixels inside a picture that somebody else owns.
struct PixelView {
  const std::uint8_t* pixels = nullptr;  ///< first pixel; channels are interleaved
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::int64_t channels = 0;
  std::int64_t row_bytes = 0;  ///< from a row to the next
};

/// Writes `source`, resized to height × width, to `out` (height · width · channels bytes, rows
/// without gaps).
void resize(const PixelView& source, std::int64_t height, std::int64_t width,
            Interpolation interpolation, std::uint8_t* out);

}  // namespace hyena::datasets
