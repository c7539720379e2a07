#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <utility>

#include "datasets/picture_codec.h"
#include "datasets/picture_format.h"
#include "datasets/readers.h"

namespace hyena::datasets {
namespace fs = std::filesystem;
namespace {

bool hidden(const fs::path& path) {
  return path.filename().string().starts_with('.');
}

/// Sorted names of the folders in `root`: a class's index is its rank.
std::vector<std::string> class_folders(const fs::path& root) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(root)) {
    if (entry.is_directory() && !hidden(entry.path())) {
      names.push_back(entry.path().filename().string());
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

/// A file counts by its name or, where the name says nothing, by its first bytes: opening a million
/// files only to list them would take minutes.
bool is_picture(const fs::path& file) {
  if (hidden(file)) return false;
  if (has_picture_suffix(file)) return true;
  std::array<char, kSniffBytes> head{};
  std::ifstream in(file, std::ios::binary);
  in.read(head.data(), head.size());
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(head.data());
  return sniff_format({bytes, static_cast<std::size_t>(in.gcount())}) != PictureFormat::kUnknown;
}

/// ROOT/CLASS/**/FILE: the layout of ImageNet.
class ImageFolder final : public Dataset {
 public:
  ImageFolder(fs::path root, DatasetInfo info, bool every_class) : root_(std::move(root)) {
    info_ = std::move(info);
    for (std::size_t label = 0; label < info_.class_names.size(); ++label) {
      const fs::path folder = root_ / info_.class_names[label];
      if (!fs::is_directory(folder)) continue;  // only in a test folder: see open_folder
      std::vector<std::string> found;
      for (const auto& entry : fs::recursive_directory_iterator(
               folder, fs::directory_options::follow_directory_symlink)) {
        if (entry.is_regular_file() && is_picture(entry.path())) {
          found.push_back(entry.path().lexically_relative(root_).string());
        }
      }
      if (found.empty() && every_class) {
        throw ReadError(folder.string() + ": class '" + info_.class_names[label] +
                        "' has no pictures; add some or remove the folder");
      }
      std::sort(found.begin(), found.end());
      labels_.insert(labels_.end(), found.size(), static_cast<std::int32_t>(label));
      std::move(found.begin(), found.end(), std::back_inserter(files_));
    }
    if (files_.empty()) throw ReadError(root_.string() + ": no pictures in its class folders");
  }

  const DatasetInfo& info() const override { return info_; }
  std::int64_t size() const override { return static_cast<std::int64_t>(files_.size()); }
  std::int64_t label(std::int64_t index) const override {
    return labels_.at(static_cast<std::size_t>(index));
  }
  std::string name(std::int64_t index) const override {
    return (root_ / files_.at(static_cast<std::size_t>(index))).string();
  }
  Sample get(std::int64_t index) const override {
    return {read_picture(name(index)), label(index)};
  }

 private:
  DatasetInfo info_;
  fs::path root_;
  std::vector<std::string> files_;  // relative to root_, sorted inside a class
  std::vector<std::int32_t> labels_;
};

/// The folder of a split: PATH/train and PATH/test (or val, validation) when PATH/train exists;
/// PATH itself, for both splits, otherwise.
fs::path split_folder(const fs::path& path, Split split) {
  if (!fs::is_directory(path)) {
    throw ReadError("no folder " + path.string() + (fs::exists(path) ? " (it is a file)" : "") +
                    "; folder:PATH wants PATH/CLASS/PICTURE, or PATH/train/CLASS/PICTURE and "
                    "PATH/test or PATH/val");
  }
  if (!fs::is_directory(path / "train")) return path;
  if (split == Split::kTrain) return path / "train";
  for (const char* name : {"test", "val", "validation"}) {
    if (fs::is_directory(path / name)) return path / name;
  }
  throw ReadError("no test pictures in " + path.string() +
                  ": it has a folder train, but none called test, val or validation");
}

std::unique_ptr<Dataset> open_folder(const std::string& path, Split split) {
  if (path.empty()) throw ReadError("folder needs the folder of the classes: folder:PATH");
  if (!picture_support()) {
    throw ReadError("folder:" + path +
                    ": this program was built without OpenCV; install libopencv-dev and build with "
                    "-DHYENA_OPENCV=ON");
  }
  try {
    const fs::path root = split_folder(path, split);
    // Labels are ranks among the classes that were trained, whatever the test folder holds.
    const fs::path reference = split_folder(path, Split::kTrain);
    const auto classes = class_folders(reference);
    if (classes.empty()) {
      throw ReadError("no class folders in " + reference.string() +
                      "; folder:PATH wants PATH/CLASS/PICTURE");
    }
    for (const std::string& name : class_folders(root)) {
      if (std::binary_search(classes.begin(), classes.end(), name)) continue;
      throw ReadError((root / name).string() + ": class '" + name + "' is not among the " +
                      std::to_string(classes.size()) + " classes of " + reference.string());
    }
    DatasetInfo info{.name = "folder:" + root.string(),
                     .num_classes = static_cast<std::int64_t>(classes.size()),
                     .class_names = classes,
                     .channels = 3,
                     .mean = {0.485, 0.456, 0.406},
                     .std = {0.229, 0.224, 0.225}};
    return std::make_unique<ImageFolder>(root, std::move(info), root == reference);
  } catch (const fs::filesystem_error& error) {
    throw ReadError(error.path1().string() + ": cannot list: " + error.code().message());
  }
}

}  // namespace

DatasetKind folder_kind() {
  return {"folder",
          "pictures in class folders: PATH/CLASS/PICTURE, or PATH/train and PATH/test (or val); "
          "JPEG, PNG, BMP, WebP, TIFF, PNM",
          open_folder};
}

}  // namespace hyena::datasets
