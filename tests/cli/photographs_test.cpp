#include <algorithm>
#include <sstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/cli/program.h"

/// Photographs in class folders at 224 x 224: a few steps of the recipes for ImageNet, and the
/// saved model in the hands of eval and classify. HYENA_PHOTOGRAPHS=200 takes all of the sample's.
namespace hyena {
namespace {

namespace fs = std::filesystem;
using namespace tests;
using nlohmann::json;
using Args = std::vector<std::string>;

/// Lays pictures named CLASS_anything.JPEG out as CLASS/FILE, the first `count` of them (at least).
fs::path class_folders(const fs::path& flat, const fs::path& folder, std::size_t count) {
  std::vector<fs::path> pictures;
  for (const auto& entry : fs::directory_iterator(flat)) {
    if (entry.path().extension() == ".JPEG") pictures.push_back(entry.path());
  }
  std::sort(pictures.begin(), pictures.end());
  if (const char* wanted = std::getenv("HYENA_PHOTOGRAPHS")) count = std::stoul(wanted);
  pictures.resize(std::min(count, pictures.size()));
  for (const fs::path& picture : pictures) {
    const std::string name = picture.filename().string();
    fs::create_directories(folder / name.substr(0, name.find('_')));
    fs::create_symlink(fs::absolute(picture), folder / name.substr(0, name.find('_')) / name);
  }
  return folder;
}

class Photographs : public testing::Test {
 protected:
  /// Trains `steps` steps, then holds eval against the run's own numbers and classifies a picture.
  void run(const Args& model, std::int64_t steps, std::size_t count) const {
    const auto flat = data_dir() / "imagenet-sample";
    HYENA_REQUIRE_FOLDER(flat);
    const auto pictures = class_folders(flat, folder_ / "pictures", count);
    const auto data = "folder:" + pictures.string();
    const auto output = folder_ / "run";
    const auto trained = hyena(Args{"train",
                                    "--data",
                                    data,
                                    "--output",
                                    output.string(),
                                    "--epochs",
                                    "1",
                                    "--batch-size",
                                    "2",
                                    "--val-batch-size",
                                    "10",
                                    "--threads",
                                    "1",
                                    "--device",
                                    "cpu",
                                    "--limit-batches",
                                    std::to_string(steps),
                                    "--warmup-epochs",
                                    "0",
                                    "--cooldown-epochs",
                                    "0"} +
                               model);
    if (trained.err.find("built without OpenCV") != std::string::npos) {
      GTEST_SKIP() << "built without OpenCV";
    }
    ASSERT_EQ(trained.code, 0) << trained.err;
    const auto steps_taken = "step " + std::to_string(steps) + "/" + std::to_string(steps);
    EXPECT_NE(trained.out.find(steps_taken), std::string::npos) << trained.out;

    const auto file = (output / "last.safetensors").string();
    const auto eval = hyena({"eval", "--model", file, "--data", data, "--threads", "1", "--device",
                             "cpu", "--limit-batches", std::to_string(steps), "--json"});
    ASSERT_EQ(eval.code, 0) << eval.err;
    for (const char* name : {"loss", "top1", "top5"}) {
      const auto own = csv_cell(output / "summary.csv", 0, std::string("eval_") + name);
      EXPECT_EQ(json::parse(eval.out).at(name).get<double>(), std::strtod(own.c_str(), nullptr))
          << name;
    }

    const auto one = fs::directory_iterator(fs::directory_iterator(pictures)->path())->path();
    const auto end = hyena({"classify", one.string(), "--model", file, "--json"});
    ASSERT_EQ(end.code, 0) << end.err;
    const json guess = json::parse(end.out);
    EXPECT_EQ(guess.at("picture"), one.string());
    ASSERT_EQ(guess.at("classes").size(), 5U);
    EXPECT_TRUE(fs::is_directory(pictures / guess.at("classes")[0].at("name").get<std::string>()));
  }

  TemporaryFolder folder_;
};

TEST_F(Photographs, HyenaVit) {
  run({"--recipe", "hyena-vit"}, 20, 40);
}

TEST_F(Photographs, HierarchicalHyena) {
  run({"--recipe", "hyenapixel", "--model", "hb_former_s18"}, 5, 10);
}

}  // namespace
}  // namespace hyena
