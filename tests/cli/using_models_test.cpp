#include <cstdint>
#include <cstring>
#include <memory>
#include <sstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/cli/program.h"

/// What the program does with a trained model: classify, features, inspect; and what it can list.
namespace hyena {
namespace {

namespace fs = std::filesystem;
using namespace tests;
using nlohmann::json;

class UsingModels : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<TemporaryFolder>();
    write_mnist(*folder_ / "data");
    const auto end = hyena(small_run(*folder_ / "data", *folder_ / "run"));
    ASSERT_EQ(end.code, 0) << end.err;
  }
  static void TearDownTestSuite() { folder_.reset(); }

  static std::string model() { return (*folder_ / "run" / "best.safetensors").string(); }
  static std::string data() { return "mnist:" + (*folder_ / "data").string(); }

  static std::unique_ptr<TemporaryFolder> folder_;
};
std::unique_ptr<TemporaryFolder> UsingModels::folder_;

TEST_F(UsingModels, ClassifiesSamplesAlikeInEveryForm) {
  const std::vector<std::string> what = {"classify",  "--model", model(),   "--data", data(),
                                         "--samples", "0,5,17",  "--top-k", "3"};
  const auto end = hyena(what + std::vector<std::string>{"--json"});
  ASSERT_EQ(end.code, 0) << end.err;
  const auto table = hyena(what + std::vector<std::string>{"--csv"});
  ASSERT_EQ(table.code, 0) << table.err;
  std::istringstream lines(end.out), rows(table.out);
  std::string line, row;
  std::getline(rows, row);
  EXPECT_EQ(row, "picture,rank,label,name,probability,error");
  for (const int sample : {0, 5, 17}) {
    ASSERT_TRUE(std::getline(lines, line));
    const json p = json::parse(line);
    EXPECT_EQ(p.at("picture"), "t10k-images-idx3-ubyte[" + std::to_string(sample) + "]");
    EXPECT_EQ(p.at("truth"), std::to_string(sample % 3));
    ASSERT_EQ(p.at("classes").size(), 3U);
    double before = 1;
    for (const json& guess : p.at("classes")) {
      const auto probability = guess.at("probability").get<double>();
      EXPECT_LE(probability, before);
      EXPECT_GT(probability, 0);
      before = probability;
      ASSERT_TRUE(std::getline(rows, row));
      std::ostringstream start;
      start << p.at("picture") << ",";
      EXPECT_TRUE(row.starts_with(start.str())) << row;
      EXPECT_NE(row.find("," + std::to_string(guess.at("label").get<int>()) + ",\""),
                std::string::npos)
          << row;
    }
  }
  const auto text = hyena(what);
  EXPECT_EQ(text.code, 0);
  EXPECT_NE(text.out.find("t10k-images-idx3-ubyte[5]  (is: 2)\n"), std::string::npos) << text.out;
  const auto beyond = hyena({"classify", "--model", model(), "--data", data(), "--samples", "48"});
  EXPECT_EQ(beyond.code, 2);
  EXPECT_EQ(beyond.err, "hyena: samples: " + data() + " has samples 0 to 47, got 48\n");
}

TEST_F(UsingModels, ClassifiesPhotographs) {
  const auto photographs = data_dir() / "imagenet-sample";
  HYENA_REQUIRE_FOLDER(photographs);
  fs::path one;
  for (const auto& entry : fs::directory_iterator(photographs)) {
    if (entry.path().extension() == ".JPEG" && (one.empty() || entry.path() < one)) {
      one = entry.path();
    }
  }
  ASSERT_FALSE(one.empty());
  write_cifar100(*folder_ / "cifar", 8, 4);
  const fs::path run = *folder_ / "colour";
  const auto trained =
      hyena(small_run("", run) +
            std::vector<std::string>{"--data", "cifar100:" + (*folder_ / "cifar").string(),
                                     "--epochs", "1"});
  ASSERT_EQ(trained.code, 0) << trained.err;
  const auto broken = *folder_ / "broken.jpg";
  write_file(broken, read_file(one).substr(0, 300));
  const auto end = hyena({"classify", one.string(), broken.string(), "--model",
                          (run / "last.safetensors").string(), "--json"});
  if (end.out.find("built without OpenCV") != std::string::npos) {
    GTEST_SKIP() << "built without OpenCV";
  }
  EXPECT_EQ(end.code, 1) << "one picture is unreadable";
  std::istringstream lines(end.out);
  std::string line;
  std::getline(lines, line);
  EXPECT_EQ(json::parse(line).at("picture"), one.string());
  EXPECT_EQ(json::parse(line).at("classes").size(), 5U);
  std::getline(lines, line);
  EXPECT_NE(json::parse(line).at("error").get<std::string>().find(broken.string()),
            std::string::npos)
      << line;
  const auto absent = hyena({"classify", "/no/such.png", "--model", model()});
  EXPECT_EQ(absent.code, 1);
  EXPECT_EQ(absent.err, "hyena: no such file or folder: /no/such.png\n");
}

TEST_F(UsingModels, WritesFeatures) {
  const auto npy = *folder_ / "features.npy";
  const auto end = hyena({"features", "--model", model(), "--data", data(), "--out", npy.string()});
  ASSERT_EQ(end.code, 0) << end.err;
  const std::string bytes = read_file(npy);
  ASSERT_TRUE(bytes.starts_with("\x93NUMPY"));
  EXPECT_NE(bytes.find("'descr': '<f4', 'fortran_order': False, 'shape': (48,16,)"),
            std::string::npos)
      << bytes.substr(0, 128);
  EXPECT_EQ(bytes.size() % 64, 48 * 16 * 4 % 64);
  float first[2 * 16];
  std::memcpy(first, bytes.data() + bytes.size() - 48 * 16 * sizeof(float), sizeof first);
  EXPECT_NE(0, std::memcmp(first, first + 16, 16 * sizeof(float))) << "rows differ as pictures do";
}

TEST_F(UsingModels, InspectsAsJson) {
  const auto end = hyena({"inspect", model(), "--json"});
  ASSERT_EQ(end.code, 0) << end.err;
  const json all = json::parse(end.out);
  EXPECT_EQ(all.at("model").at("name"), "hyena_tiny_28");
  EXPECT_EQ(all.at("model").at("options").at("img_size"), 16);
  const auto text = hyena({"inspect", model()});
  EXPECT_NE(text.out.find("hyena_tiny_28"), std::string::npos);
  const auto models = hyena({"models", "hyena_tiny", "--json"});
  ASSERT_EQ(models.code, 0) << models.err;
  EXPECT_EQ(json::parse(models.out).size(), 2U);
  EXPECT_GT(json::parse(models.out)[0].at("parameters"), 1000);
}

TEST_F(UsingModels, VerifiesData) {
  const auto end = hyena({"verify-data", data()});
  ASSERT_EQ(end.code, 0) << end.err;
  EXPECT_NE(
      end.out.find("train: 96 pictures, 0 unreadable\n  height 16 to 16 (mean 16.0), width 16 "
                   "to 16 (mean 16.0)\n"),
      std::string::npos)
      << end.out;
  EXPECT_NE(end.out.find("test: 48 pictures, 0 unreadable\n"), std::string::npos);
}

TEST_F(UsingModels, MeasuresTheLoader) {
  const std::vector<std::string> what = {"bench",     "loader",     "--data", data(),
                                         "--workers", "0",          "1",      "--epochs",
                                         "2",         "--img-size", "8"};
  const auto end = hyena(what + std::vector<std::string>{"--json"});
  ASSERT_EQ(end.code, 0) << end.err;
  const json result = json::parse(end.out);
  EXPECT_EQ(result.at("pictures"), 96);
  ASSERT_EQ(result.at("rows").size(), 2U);
  for (const json& row : result.at("rows")) {
    EXPECT_GT(row.at("lowest"), 0);
    EXPECT_LE(row.at("lowest"), row.at("images_per_s"));
    EXPECT_LE(row.at("images_per_s"), row.at("highest"));
  }
  EXPECT_NE(hyena(what).out.find("| workers | images/s |"), std::string::npos);
  const auto none = hyena({"bench", "loader"});
  EXPECT_EQ(none.code, 2);
  EXPECT_EQ(none.err, "hyena: bench loader: --data says which pictures to read\n");
  EXPECT_EQ(
      hyena({"bench", "lodaer"}).err,
      "hyena: bench: there is no 'lodaer'; did you mean 'loader'? `hyena bench` lists them.\n");
}

TEST_F(UsingModels, RefusesAClassThatTheModelDoesNotHave) {
  write_cifar100(*folder_ / "many", 8, 3);
  const auto end =
      hyena({"eval", "--model", model(), "--data", "cifar100:" + (*folder_ / "many").string()});
  EXPECT_EQ(end.code, 1);
  EXPECT_EQ(end.err, "hyena: the data has a label 20, the model only 10 classes (0 to 9)\n");
}

}  // namespace
}  // namespace hyena
