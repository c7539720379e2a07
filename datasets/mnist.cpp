#include <filesystem>
#include <utility>

#include "datasets/file_bytes.h"
#include "datasets/idx.h"
#include "datasets/readers.h"

namespace hyena::datasets {
namespace fs = std::filesystem;
namespace {

/// Where Debian's package dataset-fashion-mnist puts its files.
constexpr const char* kDebianFashionMnist = "/usr/share/datasets/fashion-mnist";

constexpr std::int64_t kClasses = 10;

/// Pictures and labels in a pair of IDX files, held in memory.
class MnistDataset final : public Dataset {
 public:
  MnistDataset(DatasetInfo info, const fs::path& images, const fs::path& labels)
      : info_(std::move(info)), images_name_(images.filename().string()) {
    std::vector<std::uint8_t> bytes;
    read_whole_file(images, bytes);
    IdxArray pictures = parse_idx(bytes, 3, images.string());
    read_whole_file(labels, bytes);
    IdxArray classes = parse_idx(bytes, 1, labels.string());

    count_ = pictures.shape[0];
    info_.height = pictures.shape[1];
    info_.width = pictures.shape[2];
    if (count_ == 0 || info_.height == 0 || info_.width == 0) {
      throw ReadError(images.string() + ": no pictures: " + std::to_string(count_) + " of " +
                      std::to_string(info_.height) + " x " + std::to_string(info_.width));
    }
    if (classes.shape[0] != count_) {
      throw ReadError(images.string() + " holds " + std::to_string(count_) + " pictures, but " +
                      labels.string() + " holds " + std::to_string(classes.shape[0]) +
                      " labels; they must come from the same release");
    }
    for (std::int64_t i = 0; i < count_; ++i) {
      const int label = classes.values[static_cast<std::size_t>(i)];
      if (label < info_.num_classes) continue;
      throw ReadError(labels.string() + ": label " + std::to_string(label) + " of picture " +
                      std::to_string(i) + " is outside 0 ... " +
                      std::to_string(info_.num_classes - 1));
    }
    pixels_ = std::move(pictures.values);
    labels_ = std::move(classes.values);
  }

  const DatasetInfo& info() const override { return info_; }
  std::int64_t size() const override { return count_; }
  std::int64_t label(std::int64_t index) const override {
    return labels_.at(static_cast<std::size_t>(index));
  }
  std::string name(std::int64_t index) const override {
    return images_name_ + "[" + std::to_string(index) + "]";
  }
  Sample get(std::int64_t index) const override {
    const std::int64_t label = this->label(index);  // checks the index
    const std::int64_t area = info_.height * info_.width;
    const auto* begin = pixels_.data() + index * area;
    return {{{begin, begin + area}, info_.height, info_.width, 1}, label};
  }

 private:
  DatasetInfo info_;
  std::string images_name_;
  std::int64_t count_ = 0;
  std::vector<std::uint8_t> pixels_;  // (count, height, width)
  std::vector<std::uint8_t> labels_;  // (count)
};

/// FOLDER/STEM or FOLDER/STEM.gz.
fs::path find_file(const fs::path& folder, const std::string& stem, const std::string& advice) {
  for (const char* ending : {"", ".gz"}) {
    fs::path file = folder / (stem + ending);
    if (fs::exists(file)) return file;
  }
  throw ReadError((fs::is_directory(folder) ? "no " : "no folder " + folder.string() + " with ") +
                  stem + " or " + stem + ".gz" +
                  (fs::is_directory(folder) ? " in " + folder.string() : "") + advice);
}

std::unique_ptr<Dataset> open_pair(DatasetInfo info, const fs::path& folder, Split split,
                                   const std::string& advice) {
  const std::string prefix = split == Split::kTrain ? "train" : "t10k";
  info.num_classes = kClasses;
  info.channels = 1;
  const auto images = find_file(folder, prefix + "-images-idx3-ubyte", advice);
  const auto labels = find_file(folder, prefix + "-labels-idx1-ubyte", advice);
  return std::make_unique<MnistDataset>(std::move(info), images, labels);
}

}  // namespace

DatasetKind fashion_mnist_kind() {
  return {"fashion-mnist",
          "28x28 gray, 10 kinds of clothing, IDX files; without a PATH those of Debian's package "
          "dataset-fashion-mnist",
          [](const std::string& path, Split split) {
            DatasetInfo info{.name = "fashion-mnist",
                             .class_names = {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
                                             "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"},
                             .mean = {0.2860},
                             .std = {0.3530}};
            return open_pair(std::move(info), path.empty() ? kDebianFashionMnist : path, split,
                             path.empty()
                                 ? "; install the package dataset-fashion-mnist (scripts/setup "
                                   "does), or name a folder: fashion-mnist:PATH"
                                 : "");
          }};
}

DatasetKind mnist_kind() {
  return {"mnist", "28x28 gray digits, IDX files in PATH, also .gz",
          [](const std::string& path, Split split) {
            if (path.empty()) throw ReadError("mnist needs the folder of its files: mnist:PATH");
            DatasetInfo info{.name = "mnist",
                             .class_names = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"},
                             .mean = {0.1307},
                             .std = {0.3081}};
            return open_pair(std::move(info), path, split, "");
          }};
}

}  // namespace hyena::datasets
