// The only file that sees OpenCV.
#include <limits>
#include <mutex>

#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "datasets/file_bytes.h"
#include "datasets/picture_codec.h"
#include "datasets/picture_format.h"

namespace hyena::datasets {
namespace {

/// The loader's threads are the parallelism; OpenCV's own would compete with them.
void use_one_thread() {
  static std::once_flag once;
  std::call_once(once, [] { cv::setNumThreads(1); });
}

std::string quoted_head(std::span<const std::uint8_t> bytes) {
  std::string text;
  for (const std::uint8_t byte : bytes.first(std::min(bytes.size(), kSniffBytes))) {
    text += byte >= 0x20 && byte < 0x7f ? static_cast<char>(byte) : '.';
  }
  return "'" + text + "'";
}

int to_opencv(Interpolation interpolation, bool enlarges) {
  switch (interpolation) {
    case Interpolation::kNearest:
      return cv::INTER_NEAREST;
    case Interpolation::kBilinear:
      return cv::INTER_LINEAR;
    case Interpolation::kBicubic:
      return cv::INTER_CUBIC;
    case Interpolation::kArea:
      break;
  }
  // Enlarging with INTER_AREA repeats pixels in blocks.
  return enlarges ? cv::INTER_LINEAR : cv::INTER_AREA;
}

}  // namespace

bool picture_support() {
  return true;
}

Picture decode_picture(std::span<const std::uint8_t> bytes, const std::string& name) {
  use_one_thread();
  if (bytes.empty()) throw ReadError(name + ": empty file");
  const PictureFormat format = sniff_format(bytes);
  if (format == PictureFormat::kUnknown) {
    throw ReadError(name + ": not a picture: starts with " + quoted_head(bytes) +
                    ", which is neither JPEG, PNG, BMP, WebP, TIFF nor PNM");
  }
  if (const auto truncation = find_truncation(bytes, format); !truncation.empty()) {
    throw ReadError(name + ": " + truncation);
  }
  if (bytes.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    throw ReadError(name + ": a file of " + std::to_string(bytes.size()) + " bytes is too large");
  }
  Picture picture;
  try {
    const cv::Mat input(1, static_cast<int>(bytes.size()), CV_8U,
                        const_cast<std::uint8_t*>(bytes.data()));  // only read from
    const cv::Mat decoded = cv::imdecode(input, cv::IMREAD_COLOR | cv::IMREAD_IGNORE_ORIENTATION);
    if (decoded.empty()) throw ReadError(name + ": damaged: the decoder finds no picture in it");
    picture.height = decoded.rows;
    picture.width = decoded.cols;
    picture.channels = 3;
    picture.pixels.resize(decoded.total() * 3);
    cv::Mat rgb(decoded.rows, decoded.cols, CV_8UC3, picture.pixels.data());
    cv::cvtColor(decoded, rgb, cv::COLOR_BGR2RGB);
  } catch (const cv::Exception& error) {
    throw ReadError(name + ": damaged: " + error.err);
  }
  return picture;
}

Picture read_picture(const std::filesystem::path& path) {
  thread_local std::vector<std::uint8_t> bytes;
  read_whole_file(path, bytes);
  return decode_picture(bytes, path.string());
}

void resize(const PixelView& source, std::int64_t height, std::int64_t width,
            Interpolation interpolation, std::uint8_t* out) {
  use_one_thread();
  const int type = CV_8UC(static_cast<int>(source.channels));
  const cv::Mat from(static_cast<int>(source.height), static_cast<int>(source.width), type,
                     const_cast<std::uint8_t*>(source.pixels),  // only read from
                     static_cast<std::size_t>(source.row_bytes));
  cv::Mat to(static_cast<int>(height), static_cast<int>(width), type, out);
  cv::resize(from, to, to.size(), 0, 0,
             to_opencv(interpolation, height > source.height || width > source.width));
}

}  // namespace hyena::datasets
