#include <gtest/gtest.h>

#include "datasets/dataset.h"
#include "tests/datasets/messages.h"
#include "tests/support/files.h"

namespace hyena::datasets {
namespace {

/// A record: label bytes, then planes in which each byte tells its place.
std::string record(const std::string& labels, int salt) {
  std::string bytes = labels;
  for (int i = 0; i < 3072; ++i) bytes += static_cast<char>(i * 7 + i / 1024 + salt);
  return bytes;
}

class Cifar : public testing::Test {
 protected:
  std::string path() const { return folder_.path().string(); }
  std::string refusal(const std::string& spec, Split split) {
    return tests::message_of<ReadError>([&] { open_dataset(spec, split); });
  }
  tests::TemporaryFolder folder_;
};

TEST_F(Cifar, TenJoinsItsFiveFilesAndInterleavesPlanes) {
  for (int i = 1; i <= 5; ++i) {
    tests::write_file(
        folder_ / "cifar-10-batches-bin" / ("data_batch_" + std::to_string(i) + ".bin"),
        record({static_cast<char>(i)}, i) + record({9}, 50 + i));
  }
  const auto data = open_dataset("cifar10:" + path(), Split::kTrain);
  EXPECT_EQ(data->size(), 10);
  EXPECT_EQ(data->label(4), 3);
  EXPECT_EQ(data->label(5), 9);
  EXPECT_EQ(data->name(5), "data_batch_3.bin[1]");
  EXPECT_EQ(data->info().class_names.at(3), "cat");
  const auto picture = data->get(5).picture;
  ASSERT_EQ(picture.pixels.size(), 3072u);
  for (int i = 0; i < 1024; ++i) {
    for (int c = 0; c < 3; ++c) {
      const int at = c * 1024 + i;
      ASSERT_EQ(picture.pixels[static_cast<std::size_t>(3 * i + c)],
                static_cast<std::uint8_t>(at * 7 + c + 53));
    }
  }
}

TEST_F(Cifar, HundredTakesTheFineLabelAndTheReleasesNames) {
  tests::write_file(folder_ / "test.bin", record({3, 99}, 1));
  std::string names;
  for (int i = 0; i < 100; ++i) names += "thing " + std::to_string(i) + "\n";
  tests::write_file(folder_ / "fine_label_names.txt", names);
  const auto data = open_dataset("cifar100:" + path(), Split::kTest);
  EXPECT_EQ(data->size(), 1);
  EXPECT_EQ(data->label(0), 99);
  EXPECT_EQ(data->info().class_names.at(99), "thing 99");
}

TEST_F(Cifar, RefusesBadFiles) {
  const std::string file = path() + "/test_batch.bin";
  const std::string spec = "cifar10:" + path();
  EXPECT_EQ(refusal(spec, Split::kTest),
            "no test_batch.bin in " + path() + " or in " + path() +
                "/cifar-10-batches-bin (the binary version of cifar10)");
  EXPECT_EQ(refusal("cifar10", Split::kTest),
            "cifar10 needs the folder of its binary version: cifar10:PATH");
  tests::write_file(file, record({1}, 0) + "abc");
  EXPECT_EQ(refusal(spec, Split::kTest),
            file +
                ": truncated: 3076 bytes are not a whole number of records of 3073 bytes; fetch "
                "the file again");
  tests::write_file(file, record({1}, 0) + record({10}, 0));
  EXPECT_EQ(refusal(spec, Split::kTest),
            file + ": label 10 of picture 1 (byte 3073) is outside 0 ... 9");
  tests::write_file(folder_ / "data_batch_1.bin", record({1}, 0));
  EXPECT_EQ(refusal(spec, Split::kTrain),
            "no data_batch_2.bin in " + path() + ", beside data_batch_1.bin");
}

}  // namespace
}  // namespace hyena::datasets
