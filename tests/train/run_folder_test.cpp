#include "train/run/run_folder.h"

#include <cmath>
#include <limits>
#include <stdexcept>

#include <gtest/gtest.h>

#include "tests/support/files.h"
#include "train/run/json_log.h"
#include "train/run/summary_csv.h"

namespace hyena::train {
namespace {

using tests::read_file;
using tests::write_file;

template <class F>
std::string message(const F& f) {
  try {
    f();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "nothing was thrown";
}

TEST(RunFolder, HoldsTheFilesOfARun) {
  const tests::TemporaryFolder parent;
  const RunFolder folder(parent / "a" / "b");
  EXPECT_TRUE(std::filesystem::is_directory(folder.path()));
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
  EXPECT_EQ(folder.summary(), folder.path() / "summary.csv");
}

TEST(RunFolder, NamesAreTimeModelSizeAndNeverTaken) {
  const tests::TemporaryFolder parent;
  const auto a = RunFolder::create(parent.path(), "hf/model x", 28);
  const auto b = RunFolder::create(parent.path(), "hf/model x", 28);
  EXPECT_NE(a.path(), b.path());
  EXPECT_EQ(a.path().parent_path(), parent.path());
  const std::string name = a.path().filename();
  EXPECT_EQ(name.substr(15), "-hf_model_x-28") << name;
  EXPECT_EQ(name[8], '-');
}

TEST(RunFolder, SaysWhyItCannotBeWritten) {
  const tests::TemporaryFolder parent;
  write_file(parent / "file", "x");
  const auto below = parent / "file" / "run";
  const std::string expected = "cannot write to the run folder " + below.string() +
                               ": Not a directory; choose another with --output";
  EXPECT_EQ(message([&] { RunFolder{below}; }), expected);
}

TEST(SummaryCsv, HasTimmsColumns) {
  const tests::TemporaryFolder folder;
  SummaryCsv csv(folder / "summary.csv", summary_columns({"top1", "top5"}, false), 0);
  csv.add(0, {{"train_loss", 0.1},
              {"eval_loss", 1.0 / 3},
              {"eval_top1", 87.5},
              {"eval_top5", 99},
              {"lr", 1e-6}});
  csv.add(1, {{"train_loss", std::nan("")}, {"lr", 0.001}});
  EXPECT_EQ(read_file(folder / "summary.csv"),
            "epoch,train_loss,eval_loss,eval_top1,eval_top5,lr\n"
            "0,0.1,0.3333333333333333,87.5,99,1e-06\n"
            "1,nan,,,,0.001\n");
  EXPECT_EQ(message([&] { csv.add(2, {{"top1", 1}}); }), "summary: no column is called 'top1'");
}

TEST(SummaryCsv, AResumedRunDropsWhatItWillWriteAgainAndKeepsColumns) {
  const tests::TemporaryFolder folder;
  const auto file = folder / "summary.csv";
  write_file(file, "epoch,train_loss,mine,lr\n0,3,a,1\n1,2,b,1\n2,1,c,1\n");
  SummaryCsv csv(file, summary_columns({"top1", "top5"}, true), 2);
  csv.add(2, {{"train_loss", 1.5}, {"eval_ema_top1", 7}});
  EXPECT_EQ(read_file(file),
            "epoch,train_loss,eval_loss,eval_top1,eval_top5,eval_ema_loss,eval_ema_top1,"
            "eval_ema_top5,lr,mine\n"
            "0,3,,,,,,,1,a\n1,2,,,,,,,1,b\n2,1.5,,,,,7,,,\n");
}

TEST(SummaryCsv, NamesTheLineThatIsWrong) {
  const tests::TemporaryFolder folder;
  const auto file = folder / "summary.csv";
  const auto open = [&] { SummaryCsv(file, summary_columns({"top1", "top5"}, false), 9); };
  const std::string end = "; move the file away to begin a new one";
  write_file(file, "a,b\n");
  EXPECT_EQ(message(open), file.string() + ", line 1: the first column is not 'epoch'" + end);
  write_file(file, "epoch,lr\n0,1\n1\n");
  EXPECT_EQ(message(open), file.string() + ", line 3: 1 cells under 2 columns" + end);
  write_file(file, "epoch,lr\n0x,1\n");
  EXPECT_EQ(message(open), file.string() + ", line 2: '0x' is not an epoch" + end);
}

TEST(JsonLog, AppendsLinesAndAResumedRunRewritesTheTail) {
  const tests::TemporaryFolder folder;
  const auto file = folder / "log.jsonl";
  {
    JsonLog log(file, 0);
    log.add({{"model", "m"}});
    log.add({{"step", 10}, {"loss", 0.5}});
    log.add({{"step", 20}, {"loss", std::numeric_limits<double>::quiet_NaN()}});
  }
  write_file(file, read_file(file) + "{\"step\": 3");  // a crash in the middle of a line
  {
    JsonLog log(file, 10);
    log.add({{"step", 20}, {"loss", 0.25}});
  }
  EXPECT_EQ(read_file(file),
            "{\"model\":\"m\"}\n{\"loss\":0.5,\"step\":10}\n{\"loss\":0.25,\"step\":20}\n");
  write_file(file, "{}\n7\n");
  EXPECT_EQ(message([&] { JsonLog(file, 10); }),
            file.string() + ", line 2: not a JSON object; move the file away to begin a new one");
}

TEST(JsonLog, WritesNoNumberAsNull) {
  const tests::TemporaryFolder folder;
  JsonLog(folder / "log.jsonl", 0).add({{"loss", std::numeric_limits<double>::quiet_NaN()}});
  EXPECT_EQ(read_file(folder / "log.jsonl"), "{\"loss\":null}\n");
}

}  // namespace
}  // namespace hyena::train
