#include <cmath>
#include <filesystem>

#include <gtest/gtest.h>

#include "datasets/dataset.h"
#include "tests/datasets/messages.h"
#include "tests/support/files.h"

namespace hyena::datasets {
namespace {

/// Pictures of 2 × 3 with consecutive bytes.
std::string images(int count) {
  std::string bytes = {0, 0, 8, 3, 0, 0, 0, static_cast<char>(count), 0, 0, 0, 2, 0, 0, 0, 3};
  for (int i = 0; i < 6 * count; ++i) bytes += static_cast<char>(i);
  return bytes;
}

std::string labels(const std::string& values) {
  return std::string{0, 0, 8, 1, 0, 0, 0, static_cast<char>(values.size())} + values;
}

class Mnist : public testing::Test {
 protected:
  void write(const std::string& image_bytes, const std::string& label_bytes) {
    tests::write_file(folder_ / "train-images-idx3-ubyte", image_bytes);
    tests::write_file(folder_ / "train-labels-idx1-ubyte", label_bytes);
  }
  std::string refusal(Split split = Split::kTrain) {
    return tests::message_of<ReadError>([&] { open_dataset("mnist:" + path(), split); });
  }
  std::string path() const { return folder_.path().string(); }

  tests::TemporaryFolder folder_;
};

TEST_F(Mnist, GivesPicturesLabelsAndNames) {
  write(images(3), labels({7, 0, 9}));
  const auto data = open_dataset("mnist:" + path(), Split::kTrain);
  EXPECT_EQ(data->size(), 3);
  EXPECT_EQ(data->info().height, 2);
  EXPECT_EQ(data->info().width, 3);
  EXPECT_EQ(data->info().channels, 1);
  EXPECT_EQ(data->info().num_classes, 10);
  const Sample sample = data->get(2);
  EXPECT_EQ(sample.label, 9);
  EXPECT_EQ(sample.picture.pixels, (std::vector<std::uint8_t>{12, 13, 14, 15, 16, 17}));
  EXPECT_EQ(data->name(2), "train-images-idx3-ubyte[2]");
  EXPECT_EQ(data->label(0), 7);
  EXPECT_THROW(data->get(3), std::out_of_range);
  EXPECT_THROW(data->get(-1), std::out_of_range);
}

TEST_F(Mnist, RefusesLabelsOutOfRange) {
  write(images(3), labels({7, 10, 9}));
  EXPECT_EQ(refusal(),
            path() + "/train-labels-idx1-ubyte: label 10 of picture 1 is outside 0 ... 9");
}

TEST_F(Mnist, RefusesCountsThatDiffer) {
  write(images(3), labels({7, 1}));
  EXPECT_EQ(refusal(), path() + "/train-images-idx3-ubyte holds 3 pictures, but " + path() +
                           "/train-labels-idx1-ubyte holds 2 labels; they must come from the same "
                           "release");
}

TEST_F(Mnist, RefusesTruncatedAndSwappedFiles) {
  write(images(3).substr(0, 30), labels({7, 1, 2}));
  EXPECT_EQ(refusal(), path() +
                           "/train-images-idx3-ubyte: truncated: the header announces 3 x 2 x 3 "
                           "bytes, but only 14 follow; fetch the file again");
  write(labels({7, 1, 2}), images(3));
  EXPECT_EQ(refusal(), path() +
                           "/train-images-idx3-ubyte: wrong magic number at byte 0: 00 00 08 "
                           "01, expected 00 00 08 03 (IDX, unsigned bytes, 3 axes)");
  write(images(0), labels(""));
  EXPECT_EQ(refusal(), path() + "/train-images-idx3-ubyte: no pictures: 0 of 2 x 3");
}

TEST_F(Mnist, NamesWhatItLookedFor) {
  EXPECT_EQ(refusal(Split::kTest),
            "no t10k-images-idx3-ubyte or t10k-images-idx3-ubyte.gz in " + path());
  EXPECT_EQ(tests::message_of<ReadError>([] { open_dataset("mnist:/nowhere", Split::kTrain); }),
            "no folder /nowhere with train-images-idx3-ubyte or train-images-idx3-ubyte.gz");
  EXPECT_EQ(tests::message_of<ReadError>([] { open_dataset("mnist", Split::kTrain); }),
            "mnist needs the folder of its files: mnist:PATH");
}

TEST(FashionMnist, OfDebianIsFoundByItself) {
  const std::filesystem::path folder = "/usr/share/datasets/fashion-mnist";
  if (!std::filesystem::exists(folder)) {
    EXPECT_EQ(tests::message_of<ReadError>([] { open_dataset("fashion-mnist", Split::kTrain); }),
              "no folder /usr/share/datasets/fashion-mnist with train-images-idx3-ubyte or "
              "train-images-idx3-ubyte.gz; install the package dataset-fashion-mnist "
              "(scripts/setup does), "
              "or name a folder: fashion-mnist:PATH");
    GTEST_SKIP() << "the package dataset-fashion-mnist is not installed";
  }
  const auto train = open_dataset("fashion-mnist", Split::kTrain);
  const auto test = open_dataset("fashion-mnist", Split::kTest);
  EXPECT_EQ(train->size(), 60000);
  EXPECT_EQ(test->size(), 10000);
  EXPECT_EQ(train->info().height, 28);
  EXPECT_EQ(train->info().class_names.at(9), "Ankle boot");
  EXPECT_EQ(train->get(0).label, 9);
  // The published statistics are those of this file.
  double sum = 0, squares = 0;
  for (std::int64_t i = 0; i < train->size(); i += 7) {
    for (const auto pixel : train->get(i).picture.pixels) {
      sum += pixel / 255.0;
      squares += pixel / 255.0 * (pixel / 255.0);
    }
  }
  const double count = 784 * 8572;
  EXPECT_NEAR(sum / count, train->info().mean.at(0), 1e-3);
  EXPECT_NEAR(std::sqrt(squares / count - sum / count * (sum / count)), train->info().std.at(0),
              1e-3);
}

}  // namespace
}  // namespace hyena::datasets
