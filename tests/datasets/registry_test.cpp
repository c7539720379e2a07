#include <filesystem>
#include <set>

#include <gtest/gtest.h>

#include "datasets/dataset.h"
#include "datasets/picture_codec.h"
#include "tests/datasets/messages.h"
#include "tests/support/files.h"

namespace hyena::datasets {
namespace {

TEST(Registry, NamesAreUniqueAndExplained) {
  std::set<std::string> names;
  for (const DatasetKind& kind : dataset_registry()) {
    EXPECT_TRUE(names.insert(kind.name).second) << kind.name;
    EXPECT_FALSE(kind.summary.empty()) << kind.name;
  }
}

TEST(Registry, AnUnknownKindListsTheKnownOnes) {
  EXPECT_EQ(
      tests::message_of<ReadError>([] { open_dataset("imagenet", Split::kTrain); }),
      "unknown data 'imagenet'; known kinds: fashion-mnist, mnist, cifar10, cifar100, folder");
}

TEST(Registry, AFolderWithoutAKindGetsAHint) {
  const tests::TemporaryFolder folder;
  const std::string path = folder.path().string();
  EXPECT_EQ(tests::message_of<ReadError>([&] { open_dataset(path, Split::kTrain); }),
            "unknown data '" + path +
                "'; known kinds: fashion-mnist, mnist, cifar10, cifar100, folder. '" + path +
                "' is a folder: for class folders of pictures say folder:" + path);
}

TEST(Registry, WithoutOpenCvFoldersSayWhatIsMissing) {
  if (picture_support()) GTEST_SKIP() << "this build has OpenCV";
  EXPECT_EQ(tests::message_of<ReadError>([] { open_dataset("folder:pictures", Split::kTrain); }),
            "folder:pictures: this program was built without OpenCV; install libopencv-dev and "
            "build with -DHYENA_OPENCV=ON");
}

}  // namespace
}  // namespace hyena::datasets
