#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace hyena::datasets {

/// A file that cannot be read, or does not hold what its place promises. what() names the file, the
/// place in it where there is one, the reason, and what to do next where that is not plain.
class ReadError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A decoded picture: height × width × channels bytes, row by row, RGB (3 channels) or gray (1).
struct Picture {
  std::vector<std::uint8_t> pixels;
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::int64_t channels = 0;
};

struct Sample {
  Picture picture;
  std::int64_t label = 0;
};

/// What is the same for all samples of a dataset; a trained model keeps it, to prepare and to name
/// what it is shown later.
struct DatasetInfo {
  std::string name;  ///< "fashion-mnist", or "folder:PATH" with the folder that was opened
  std::int64_t num_classes = 0;
  std::vector<std::string> class_names = {};  ///< num_classes of them
  std::int64_t channels = 0;
  std::int64_t height = 0;        ///< 0: varies
  std::int64_t width = 0;         ///< 0: varies
  std::vector<double> mean = {};  ///< of each channel, pixels in [0, 1]
  std::vector<double> std = {};

  template <class Visitor>
  void visit(Visitor& v) {
    v.field("name", name, {.help = "where the samples came from"});
    v.field("num_classes", num_classes, {.help = "classes", .min = 0});
    v.field("class_names", class_names, {.help = "one for each class"});
    v.field("channels", channels, {.help = "1: gray, 3: RGB", .min = 0});
    v.field("height", height, {.help = "0: varies", .unit = "pixels", .min = 0});
    v.field("width", width, {.help = "0: varies", .unit = "pixels", .min = 0});
    v.field("mean", mean, {.help = "of each channel, pixels in [0, 1]"});
    v.field("std", std, {.help = "of each channel, pixels in [0, 1]"});
  }
};

/// Labelled pictures that can be reached by index. Every method may be called from any thread.
class Dataset {
 public:
  virtual ~Dataset() = default;
  virtual const DatasetInfo& info() const = 0;
  virtual std::int64_t size() const = 0;
  /// Reads and decodes. Throws ReadError that names the file.
  virtual Sample get(std::int64_t index) const = 0;
  /// For messages: ".../cat/3.jpg", or "train-images-idx3-ubyte.gz[17]".
  virtual std::string name(std::int64_t index) const = 0;
  /// Without decoding.
  virtual std::int64_t label(std::int64_t index) const = 0;
};

enum class Split { kTrain, kTest };

/// "train" or "test".
const char* split_name(Split split);

/// One way to store labelled pictures.
struct DatasetKind {
  std::string name;     ///< what stands before the colon in --data
  std::string summary;  ///< one line for a person who chooses
  std::function<std::unique_ptr<Dataset>(const std::string& path, Split split)> open;
};

/// All kinds, in the order in which help lists them. A new kind is a file of its own and a line in
/// readers.h and registry.cpp.
const std::vector<DatasetKind>& dataset_registry();

/// Opens "KIND" or "KIND:PATH", e.g. "fashion-mnist", "cifar10:data/cifar-10-batches-bin",
/// "folder:pictures". Throws ReadError for an unknown kind (listing the known ones) and for
/// everything that the kind's reader finds wrong.
std::unique_ptr<Dataset> open_dataset(const std::string& spec, Split split);

}  // namespace hyena::datasets
