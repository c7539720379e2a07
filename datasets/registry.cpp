#include <filesystem>

#include "datasets/dataset.h"
#include "datasets/readers.h"

namespace hyena::datasets {

const char* split_name(Split split) {
  return split == Split::kTrain ? "train" : "test";
}

const std::vector<DatasetKind>& dataset_registry() {
  static const std::vector<DatasetKind> kinds = {
      fashion_mnist_kind(), mnist_kind(), cifar10_kind(), cifar100_kind(), folder_kind(),
  };
  return kinds;
}

std::unique_ptr<Dataset> open_dataset(const std::string& spec, Split split) {
  const auto colon = spec.find(':');
  const std::string name = spec.substr(0, colon);
  const std::string path = colon == std::string::npos ? "" : spec.substr(colon + 1);
  std::string known;
  for (const DatasetKind& kind : dataset_registry()) {
    if (kind.name == name) return kind.open(path, split);
    known += (known.empty() ? "" : ", ") + kind.name;
  }
  std::string message = "unknown data '" + spec + "'; known kinds: " + known;
  if (std::filesystem::is_directory(spec)) {
    message += ". '" + spec + "' is a folder: for class folders of pictures say folder:" + spec;
  }
  throw ReadError(message);
}

}  // namespace hyena::datasets
