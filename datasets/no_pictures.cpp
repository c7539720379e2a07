// Stands in for opencv_pictures.cpp in a build without OpenCV.
#include "datasets/picture_codec.h"

namespace hyena::datasets {
namespace {

constexpr const char* kAdvice =
    "this program was built without OpenCV; install libopencv-dev and build with -DHYENA_OPENCV=ON";

}  // namespace

bool picture_support() {
  return false;
}

Picture decode_picture(std::span<const std::uint8_t>, const std::string& name) {
  throw ReadError(name + ": cannot decode pictures: " + kAdvice);
}

Picture read_picture(const std::filesystem::path& path) {
  return decode_picture({}, path.string());
}

void resize(const PixelView& source, std::int64_t height, std::int64_t width, Interpolation,
            std::uint8_t*) {
  throw ReadError("cannot resize a picture of " + std::to_string(source.height) + " x " +
                  std::to_string(source.width) + " to " + std::to_string(height) + " x " +
                  std::to_string(width) + ": " + kAdvice + ", or keep the data's own size");
}

}  // namespace hyena::datasets
