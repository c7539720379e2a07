#include <filesystem>
#include <fstream>
#include <utility>

#include "datasets/file_bytes.h"
#include "datasets/readers.h"

namespace hyena::datasets {
namespace fs = std::filesystem;
namespace {

constexpr std::int64_t kSide = 32;
constexpr std::int64_t kArea = kSide * kSide;
constexpr std::int64_t kPixels = 3 * kArea;

/// How the two releases differ.
struct Release {
  std::string name;
  std::string folder;  ///< name of the folder inside the published archive
  std::vector<std::string> train_files;
  std::string test_file;
  std::string names_file;        ///< one class a line
  std::int64_t label_bytes = 1;  ///< before the pixels of a record; the last one is the class
  std::int64_t num_classes = 0;
  std::vector<std::string> class_names = {};  ///< where names_file is absent
  std::vector<double> mean, std;
};

/// The binary version: records of the label bytes, then 1024 red, 1024 green, 1024 blue bytes.
class CifarDataset final : public Dataset {
 public:
  CifarDataset(const Release& release, DatasetInfo info, const std::vector<fs::path>& files)
      : info_(std::move(info)), label_bytes_(release.label_bytes) {
    for (const fs::path& file : files) append(file);
  }

  const DatasetInfo& info() const override { return info_; }
  std::int64_t size() const override {
    return static_cast<std::int64_t>(records_.size()) / record_size();
  }
  std::int64_t label(std::int64_t index) const override {
    return records_.at(static_cast<std::size_t>(index * record_size() + label_bytes_ - 1));
  }
  std::string name(std::int64_t index) const override {
    const File* in = &files_.front();
    for (const File& file : files_) {
      if (file.first <= index) in = &file;
    }
    return in->name + "[" + std::to_string(index - in->first) + "]";
  }
  Sample get(std::int64_t index) const override {
    Sample sample{{std::vector<std::uint8_t>(kPixels), kSide, kSide, 3}, label(index)};
    const std::uint8_t* planes = records_.data() + index * record_size() + label_bytes_;
    std::uint8_t* out = sample.picture.pixels.data();
    for (std::int64_t i = 0; i < kArea; ++i) {
      for (std::int64_t c = 0; c < 3; ++c) *out++ = planes[c * kArea + i];
    }
    return sample;
  }

 private:
  struct File {
    std::string name;
    std::int64_t first = 0;  ///< index of its first picture
  };

  std::int64_t record_size() const { return label_bytes_ + kPixels; }

  void append(const fs::path& file) {
    std::vector<std::uint8_t> bytes;
    read_whole_file(file, bytes);
    const auto size = static_cast<std::int64_t>(bytes.size());
    if (size == 0 || size % record_size() != 0) {
      throw ReadError(file.string() + ": truncated: " + std::to_string(size) +
                      " bytes are not a whole number of records of " +
                      std::to_string(record_size()) + " bytes; fetch the file again");
    }
    for (std::int64_t at = label_bytes_ - 1; at < size; at += record_size()) {
      const int label = bytes[static_cast<std::size_t>(at)];
      if (label < info_.num_classes) continue;
      throw ReadError(file.string() + ": label " + std::to_string(label) + " of picture " +
                      std::to_string(at / record_size()) + " (byte " + std::to_string(at) +
                      ") is outside 0 ... " + std::to_string(info_.num_classes - 1));
    }
    files_.push_back({file.filename().string(), this->size()});
    records_.insert(records_.end(), bytes.begin(), bytes.end());
  }

  DatasetInfo info_;
  std::int64_t label_bytes_;
  std::vector<File> files_;
  std::vector<std::uint8_t> records_;
};

/// The lines of the release's own list of classes; empty where it is absent or of another length.
std::vector<std::string> read_names(const fs::path& file, std::int64_t count) {
  std::vector<std::string> names;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (!line.empty()) names.push_back(line);
  }
  if (static_cast<std::int64_t>(names.size()) != count) names.clear();
  return names;
}

std::unique_ptr<Dataset> open_release(const Release& release, const std::string& path,
                                      Split split) {
  if (path.empty()) {
    throw ReadError(release.name + " needs the folder of its binary version: " + release.name +
                    ":PATH");
  }
  const auto wanted =
      split == Split::kTrain ? release.train_files : std::vector<std::string>{release.test_file};
  fs::path folder = path;
  if (!fs::exists(folder / wanted.front())) folder /= release.folder;
  std::vector<fs::path> files;
  for (const std::string& name : wanted) {
    if (!fs::exists(folder / name)) {
      throw ReadError(files.empty() ? "no " + name + " in " + path + " or in " + folder.string() +
                                          " (the binary version of " + release.name + ")"
                                    : "no " + name + " in " + folder.string() + ", beside " +
                                          files.back().filename().string());
    }
    files.push_back(folder / name);
  }
  DatasetInfo info{.name = release.name,
                   .num_classes = release.num_classes,
                   .class_names = read_names(folder / release.names_file, release.num_classes),
                   .channels = 3,
                   .height = kSide,
                   .width = kSide,
                   .mean = release.mean,
                   .std = release.std};
  if (info.class_names.empty()) info.class_names = release.class_names;
  return std::make_unique<CifarDataset>(release, std::move(info), files);
}

}  // namespace

DatasetKind cifar10_kind() {
  return {"cifar10", "32x32 RGB, 10 classes, the binary version in PATH",
          [](const std::string& path, Split split) {
            const Release release{
                .name = "cifar10",
                .folder = "cifar-10-batches-bin",
                .train_files = {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin",
                                "data_batch_4.bin", "data_batch_5.bin"},
                .test_file = "test_batch.bin",
                .names_file = "batches.meta.txt",
                .num_classes = 10,
                .class_names = {"airplane", "automobile", "bird", "cat", "deer", "dog", "frog",
                                "horse", "ship", "truck"},
                .mean = {0.4914, 0.4822, 0.4465},
                .std = {0.2470, 0.2435, 0.2616}};
            return open_release(release, path, split);
          }};
}

DatasetKind cifar100_kind() {
  return {"cifar100", "32x32 RGB, 100 fine classes, the binary version in PATH",
          [](const std::string& path, Split split) {
            Release release{.name = "cifar100",
                            .folder = "cifar-100-binary",
                            .train_files = {"train.bin"},
                            .test_file = "test.bin",
                            .names_file = "fine_label_names.txt",
                            .label_bytes = 2,
                            .num_classes = 100,
                            .mean = {0.5071, 0.4865, 0.4409},
                            .std = {0.2673, 0.2564, 0.2762}};
            for (int i = 0; i < 100; ++i) release.class_names.push_back(std::to_string(i));
            return open_release(release, path, split);
          }};
}

}  // namespace hyena::datasets
