#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <set>
#include <sstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/cli/program.h"

/// `hyena train` from options to a folder of results.
namespace hyena {
namespace {

namespace fs = std::filesystem;
using namespace tests;
using nlohmann::json;
using Args = std::vector<std::string>;

/// Header of a safetensors file: names with dtype, shape, offsets, and "__metadata__".
json header_of(const fs::path& file) {
  const std::string bytes = read_file(file);
  std::uint64_t size = 0;
  std::memcpy(&size, bytes.data(), sizeof size);
  return json::parse(bytes.substr(sizeof size, size));
}

std::string bytes_of(const fs::path& file, const std::string& tensor) {
  const auto offsets =
      header_of(file).at(tensor).at("data_offsets").get<std::vector<std::size_t>>();
  return tensor_bytes(file).substr(offsets[0], offsets[1] - offsets[0]);
}

class Train : public testing::Test {
 protected:
  void SetUp() override { write_mnist(data()); }
  fs::path data() const { return folder_ / "data"; }
  std::string set() const { return "mnist:" + data().string(); }
  fs::path run() const { return folder_ / "run"; }

  Ended train(const Args& more = {}) const { return hyena(small_run(data(), run()) + more); }

  TemporaryFolder folder_;
};

TEST_F(Train, WritesAFolderWhoseNumbersEvalAndArgsReproduce) {
  const auto end = train({"--model-ema", "--model-ema-decay", "0.5", "--mixup", "0.2"});
  ASSERT_EQ(end.code, 0) << end.err;
  EXPECT_EQ(end.err, "");
  EXPECT_NE(end.out.find("epoch 2/2 done: train loss "), std::string::npos) << end.out;
  EXPECT_NE(end.out.find("\neverything is in " + run().string() + "\n"), std::string::npos);
  bool events = false;
  for (const auto& entry : fs::directory_iterator(run())) {
    events = events || (entry.path().filename().string().starts_with("events.out.tfevents.") &&
                        entry.file_size() > 100);
  }
  EXPECT_TRUE(events);
  for (const char* file :
       {"args.toml", "last.safetensors", "best-ema.safetensors", "checkpoint-0.safetensors",
        "checkpoint-1-ema.safetensors", "resume.safetensors"}) {
    EXPECT_TRUE(fs::exists(run() / file)) << file;
  }
  std::istringstream log(read_file(run() / "log.jsonl"));
  std::set<std::string> kinds;
  for (std::string line; std::getline(log, line);) kinds.insert(json::parse(line).at("kind"));
  EXPECT_EQ(kinds, (std::set<std::string>{"step", "epoch"}));

  // eval prints the run's own numbers to the last digit, of the weights and of their average.
  for (const std::string suffix : {"", "_ema"}) {
    const fs::path file = run() / (suffix.empty() ? "last.safetensors" : "last-ema.safetensors");
    const auto eval =
        hyena({"eval", "--model", file.string(), "--data", set(), "--threads", "1", "--device",
               "cpu", "--json", "--per-class", (folder_ / "classes.csv").string(), "--confusion",
               (folder_ / "confusion.csv").string()});
    ASSERT_EQ(eval.code, 0) << eval.err;
    const json numbers = json::parse(eval.out);
    EXPECT_EQ(numbers.at("pictures"), 48);
    for (const std::string name : {"loss", "top1", "top5"}) {
      const std::string own = csv_cell(run() / "summary.csv", 1, "eval" + suffix + "_" + name);
      EXPECT_EQ(numbers.at(name).get<double>(), std::strtod(own.c_str(), nullptr)) << name;
    }
    EXPECT_EQ(csv_cell(folder_ / "classes.csv", 2, "pictures"), "16");
    EXPECT_EQ(csv_cell(folder_ / "confusion.csv", 9, "true\\guessed"), "9");
  }
  EXPECT_NE(tensor_bytes(run() / "last.safetensors"), tensor_bytes(run() / "last-ema.safetensors"));

  const fs::path second = folder_ / "second";
  const auto again =
      hyena({"train", "--config", (run() / "args.toml").string(), "--output", second.string()});
  ASSERT_EQ(again.code, 0) << again.err;
  EXPECT_EQ(read_file(second / "summary.csv"), read_file(run() / "summary.csv"));
  EXPECT_TRUE(read_file(second / "last.safetensors") == read_file(run() / "last.safetensors"));
  EXPECT_EQ(read_file(second / "args.toml"), read_file(run() / "args.toml"));
}

TEST_F(Train, LearnsAndKeepsTheBest) {
  const auto end = train({"--epochs", "8", "--smoothing", "0", "--checkpoint-hist", "2"});
  ASSERT_EQ(end.code, 0) << end.err;
  const auto value = [&](std::size_t row, const char* column) {
    return std::stod(csv_cell(run() / "summary.csv", row, column));
  };
  EXPECT_LT(value(7, "train_loss"), 0.6 * value(0, "train_loss"));
  EXPECT_GT(value(7, "eval_top1"), 60);
  int kept = 0;
  for (const auto& entry : fs::directory_iterator(run())) {
    kept += entry.path().filename().string().starts_with("checkpoint-");
  }
  EXPECT_EQ(kept, 2);
}

TEST_F(Train, ADryRunWritesNothing) {
  const auto end = train({"--dry-run", "--batch-size", "5"});
  ASSERT_EQ(end.code, 0) << end.err;
  EXPECT_NE(end.out.find("input        (5, 1, 16, 16) -> (5, 10)\n"), std::string::npos) << end.out;
  EXPECT_NE(end.out.find("data         96 pictures to train on, 48 to evaluate on, 10 classes\n"
                         "updates      19 an epoch, 38 in all (2 epochs)\n"),
            std::string::npos)
      << end.out;
  EXPECT_FALSE(fs::exists(run()));
}

TEST_F(Train, OverfitsOneBatch) {
  const auto end = train({"--overfit-batch", "--limit-batches", "10", "--epochs", "6",
                          "--val-every", "6", "--smoothing", "0", "--hflip", "0"});
  ASSERT_EQ(end.code, 0) << end.err;
  EXPECT_LT(std::stod(csv_cell(run() / "summary.csv", 5, "train_loss")),
            0.2 * std::stod(csv_cell(run() / "summary.csv", 0, "train_loss")));
  EXPECT_EQ(csv_cell(run() / "summary.csv", 0, "eval_top1"), "");
}

TEST_F(Train, LimitsBatches) {
  const auto end = train({"--limit-batches", "2", "--epochs", "1"});
  ASSERT_EQ(end.code, 0) << end.err;
  const json line = json::parse(
      read_file(run() / "log.jsonl").substr(0, read_file(run() / "log.jsonl").find('\n')));
  EXPECT_EQ(line.at("batch"), 2);
  EXPECT_EQ(line.at("step"), 2);
}

TEST_F(Train, FrozenWeightsStayAndOthersMove) {
  const fs::path first = folder_ / "first";
  ASSERT_EQ(hyena(small_run(data(), first) + Args{"--epochs", "1"}).code, 0);
  const auto end = hyena(small_run(data(), run()) +
                         Args{"--epochs", "1", "--init", (first / "last.safetensors").string(),
                              "--freeze", "blocks.0.*", "patch_embed.*"});
  ASSERT_EQ(end.code, 0) << end.err;
  int same = 0, moved = 0;
  const json header = header_of(first / "last.safetensors");
  for (const auto& [name, entry] : header.items()) {
    if (name == "__metadata__") continue;
    const bool equal =
        bytes_of(first / "last.safetensors", name) == bytes_of(run() / "last.safetensors", name);
    // The statistics of a batch norm are no parameters: they follow the data.
    if (name.find(".running_") != std::string::npos || name.ends_with("_tracked")) continue;
    if (name.starts_with("blocks.0.") || name.starts_with("patch_embed.")) {
      EXPECT_TRUE(equal) << name;
      ++same;
    }
    moved += !equal;
  }
  EXPECT_GT(same, 5);
  EXPECT_GT(moved, 5);
  const auto none = hyena(small_run(data(), folder_ / "none") + Args{"--freeze", "head.wieght"});
  EXPECT_EQ(none.code, 2);
  EXPECT_EQ(none.err,
            "hyena: freeze: no parameter matches 'head.wieght'; the nearest is 'head.weight'\n");
}

TEST_F(Train, StartsFromAnotherRunWithANewHeadAndLargerPictures) {
  ASSERT_EQ(train({"--epochs", "1"}).code, 0);
  const fs::path tuned = folder_ / "tuned";
  write_cifar100(folder_ / "cifar", 20, 10);
  const Args more = {"--data",     "cifar100:" + (folder_ / "cifar").string(),
                     "--in-chans", "1",
                     "--init",     (run() / "last.safetensors").string(),
                     "--freeze",   "blocks.*",
                     "--epochs",   "1",
                     "--lr",       "1e-4"};
  const auto end = hyena(small_run(data(), tuned) + more);
  ASSERT_EQ(end.code, 0) << end.err;
  EXPECT_NE(end.out.find("position tables and filters fitted from 16 to 32 pixels\n"
                         "new classifier: 10 classes in the file, 100 in the data\n"),
            std::string::npos)
      << end.out;
  EXPECT_EQ(header_of(tuned / "last.safetensors").at("head.weight").at("shape"),
            json::parse("[100, 16]"));
  const std::string kept = "blocks.0.norm1.weight";
  EXPECT_EQ(bytes_of(tuned / "last.safetensors", kept), bytes_of(run() / "last.safetensors", kept));
  // It is a run like any other: it goes on, and one file is enough to use it.
  const auto resumed = hyena({"train", "--resume", tuned.string(), "--epochs", "2"});
  EXPECT_EQ(resumed.code, 0) << resumed.err;
  const auto eval = hyena({"eval", "--model", (tuned / "last.safetensors").string(), "--data",
                           "cifar100:" + (folder_ / "cifar").string(), "--json", "--threads", "1"});
  ASSERT_EQ(eval.code, 0) << eval.err;
  EXPECT_EQ(json::parse(eval.out).at("loss").get<double>(),
            std::stod(csv_cell(tuned / "summary.csv", 1, "eval_loss")));

  const auto refused = hyena(small_run(data(), folder_ / "no") + more + Args{"--in-chans", "3"});
  EXPECT_EQ(refused.code, 2);
  EXPECT_EQ(refused.err, "hyena: --init " + (run() / "last.safetensors").string() +
                             " takes pictures of 1 channels, the data has 3; set --in-chans 1\n");
}

class EveryMixer : public testing::TestWithParam<std::string> {};

TEST_P(EveryMixer, TrainsAStepAndIsFoundAgain) {
  const TemporaryFolder folder;
  write_mnist(folder / "data", 8, 4);
  const fs::path run = folder / "run";
  const auto end = hyena({"train",
                          "--data",
                          "mnist:" + (folder / "data").string(),
                          "--output",
                          run.string(),
                          "--model",
                          "hyena_vit_ti_p16",
                          "--mixer",
                          GetParam(),
                          "--patch",
                          "4",
                          "--dim",
                          "24",
                          "--depth",
                          "1",
                          "--batch-size",
                          "4",
                          "--limit-batches",
                          "1",
                          "--epochs",
                          "1",
                          "--threads",
                          "1"});
  ASSERT_EQ(end.code, 0) << end.err;
  const auto card = hyena({"inspect", (run / "last.safetensors").string(), "--json", "--card"});
  ASSERT_EQ(card.code, 0) << card.err;
  const json model = json::parse(card.out).at("model");
  EXPECT_EQ(model.at("options").at("mixer"), GetParam());
  EXPECT_EQ(model.at("problems"), json::array()) << model.at("problems");
}

INSTANTIATE_TEST_SUITE_P(All, EveryMixer,
                         testing::Values("hyena", "hyena_bidirectional", "hyena2d", "attention",
                                         "conv7x7"),
                         [](const auto& name) { return name.param; });

}  // namespace
}  // namespace hyena
