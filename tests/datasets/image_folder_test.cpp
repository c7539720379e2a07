#include <algorithm>

#include <gtest/gtest.h>

#include "datasets/dataset.h"
#include "datasets/picture_codec.h"
#include "tests/datasets/messages.h"
#include "tests/support/files.h"

namespace hyena::datasets {
namespace {

namespace fs = std::filesystem;

/// A PNM picture of one colour.
std::string pnm(int red, int green = 0, int blue = 0, int side = 3) {
  std::string bytes = "P6\n" + std::to_string(side) + " " + std::to_string(side) + "\n255\n";
  for (int i = 0; i < side * side; ++i) {
    bytes += {static_cast<char>(red), static_cast<char>(green), static_cast<char>(blue)};
  }
  return bytes;
}

class Folder : public testing::Test {
 protected:
  void write(const std::string& name, const std::string& contents) {
    tests::write_file(folder_.path() / name, contents);
  }
  std::unique_ptr<Dataset> open(Split split = Split::kTrain) const {
    return open_dataset("folder:" + path(), split);
  }
  std::string refusal(Split split = Split::kTrain) const {
    return tests::message_of<ReadError>([&] { open(split); });
  }
  std::string path() const { return folder_.path().string(); }

  tests::TemporaryFolder folder_;
};

TEST_F(Folder, SortsClassesAndFiles) {
  write("dog/2.ppm", pnm(20));
  write("dog/10.ppm", pnm(10));
  write("cat/deep/er.ppm", pnm(30, 31, 32));
  write("cat/.hidden.ppm", "x");
  write(".git/config", "x");
  const auto data = open();
  EXPECT_EQ(data->info().class_names, (std::vector<std::string>{"cat", "dog"}));
  EXPECT_EQ(data->info().name, "folder:" + path());
  ASSERT_EQ(data->size(), 3);
  EXPECT_EQ(data->name(0), path() + "/cat/deep/er.ppm");
  EXPECT_EQ(data->name(1), path() + "/dog/10.ppm");
  EXPECT_EQ(data->label(0), 0);
  EXPECT_EQ(data->label(2), 1);
  const Sample sample = data->get(0);
  EXPECT_EQ(sample.label, 0);
  EXPECT_EQ(sample.picture.channels, 3);
  EXPECT_EQ(sample.picture.pixels.at(0), 30);
  EXPECT_EQ(sample.picture.pixels.at(1), 31);
  EXPECT_EQ(sample.picture.pixels.at(2), 32);
  EXPECT_THROW(data->get(3), std::out_of_range);
}

TEST_F(Folder, TakesFilesByContentWhereTheNameSaysNothing) {
  write("cat/picture", pnm(1));
  write("cat/renamed.txt", pnm(2));
  write("cat/README", "not a picture");
  write("cat/Thumbs.db", "");
  const auto data = open();
  ASSERT_EQ(data->size(), 2);
  EXPECT_EQ(data->get(1).picture.pixels.at(0), 2);
}

TEST_F(Folder, NamesUnreadableFiles) {
  write("cat/a.jpg", "");
  write("cat/b.jpg", "\xff\xd8\xff\xe0 cut");
  write("cat/c.png", "just text here");
  const auto data = open();
  const auto message = [&](std::int64_t i) {
    return tests::message_of<ReadError>([&] { data->get(i); });
  };
  EXPECT_EQ(message(0), path() + "/cat/a.jpg: empty file");
  EXPECT_EQ(message(1),
            path() + "/cat/b.jpg: truncated: 8 bytes without JPEG's end-of-image marker");
  EXPECT_EQ(message(2), path() +
                            "/cat/c.png: not a picture: starts with 'just text he', which is "
                            "neither JPEG, PNG, BMP, WebP, TIFF nor PNM");
  fs::remove(folder_.path() / "cat/a.jpg");
  EXPECT_EQ(message(0), path() + "/cat/a.jpg: cannot read: No such file or directory");
}

TEST_F(Folder, UsesTrainAndTestFoldersWhereTheyExist) {
  write("train/cat/1.ppm", pnm(1));
  write("train/dog/1.ppm", pnm(2));
  EXPECT_EQ(refusal(Split::kTest), "no test pictures in " + path() +
                                       ": it has a folder train, but none called test, val or "
                                       "validation");
  write("val/dog/9.ppm", pnm(3));
  const auto test = open(Split::kTest);
  EXPECT_EQ(test->size(), 1);
  EXPECT_EQ(test->label(0), 1) << "the rank among the classes that were trained";
  EXPECT_EQ(test->info().num_classes, 2);
  EXPECT_EQ(open(Split::kTrain)->size(), 2);
  write("val/fox/1.ppm", pnm(3));
  EXPECT_EQ(refusal(Split::kTest),
            path() + "/val/fox: class 'fox' is not among the 2 classes of " + path() + "/train");
  write("test/cat/7.ppm", pnm(3));
  EXPECT_EQ(open(Split::kTest)->name(0), path() + "/test/cat/7.ppm");
}

TEST_F(Folder, RefusesMissingFoldersAndEmptyClasses) {
  EXPECT_EQ(tests::message_of<ReadError>([] { open_dataset("folder:/nowhere", Split::kTrain); }),
            "no folder /nowhere; folder:PATH wants PATH/CLASS/PICTURE, or PATH/train/CLASS/PICTURE "
            "and PATH/test or PATH/val");
  EXPECT_EQ(tests::message_of<ReadError>([] { open_dataset("folder", Split::kTrain); }),
            "folder needs the folder of the classes: folder:PATH");
  EXPECT_EQ(refusal(), "no class folders in " + path() + "; folder:PATH wants PATH/CLASS/PICTURE");
  write("cat/1.ppm", pnm(1));
  write("dog/notes.txt", "nothing yet");
  EXPECT_EQ(refusal(), path() + "/dog: class 'dog' has no pictures; add some or remove the folder");
  write("file", "x");
  EXPECT_EQ(tests::message_of<ReadError>(
                [&] { open_dataset("folder:" + path() + "/file", Split::kTrain); }),
            "no folder " + path() +
                "/file (it is a file); folder:PATH wants PATH/CLASS/PICTURE, or "
                "PATH/train/CLASS/PICTURE and PATH/test or PATH/val");
}

TEST_F(Folder, ReadsRealPhotographsThroughLinks) {
  const fs::path sample = tests::data_dir() / "imagenet-sample";
  HYENA_REQUIRE_FOLDER(sample);
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(sample)) files.push_back(entry.path());
  std::ranges::sort(files);
  ASSERT_GE(files.size(), 4u);
  for (std::size_t i = 0; i < 4; ++i) {
    const fs::path folder = folder_.path() / files[i].filename().string().substr(0, 9);
    fs::create_directories(folder);
    fs::create_symlink(files[i], folder / files[i].filename());
  }
  const auto data = open();
  ASSERT_EQ(data->size(), 4);
  EXPECT_EQ(data->info().num_classes, 4);
  for (std::int64_t i = 0; i < 4; ++i) {
    const Picture picture = data->get(i).picture;
    EXPECT_GT(picture.height, 50);
    EXPECT_EQ(static_cast<std::int64_t>(picture.pixels.size()), picture.height * picture.width * 3);
  }
}

}  // namespace
}  // namespace hyena::datasets
