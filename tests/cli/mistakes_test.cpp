#include <fstream>
#include <string>

#include <sys/mount.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/cli/program.h"

/// What a person gets wrong, and what the program says then: exit status 2 for a wrong command
/// line, 1 for everything else, never a crash.
namespace hyena {
namespace {

namespace fs = std::filesystem;
using namespace tests;
using Args = std::vector<std::string>;

/// A file system of its own, of so many bytes.
class SmallDisk {
 public:
  SmallDisk(fs::path folder, const std::string& size) : folder_(std::move(folder)) {
    fs::create_directories(folder_);
    mounted_ = ::geteuid() == 0 &&
               ::mount("hyena-test", folder_.c_str(), "tmpfs", 0, ("size=" + size).c_str()) == 0;
  }
  ~SmallDisk() {
    if (mounted_) ::umount2(folder_.c_str(), MNT_DETACH);
  }
  bool mounted() const { return mounted_; }
  void make_read_only() const {
    ASSERT_EQ(::mount("hyena-test", folder_.c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, ""), 0);
  }

 private:
  fs::path folder_;
  bool mounted_ = false;
};

class Mistakes : public testing::Test {
 protected:
  void SetUp() override { write_mnist(data(), 32, 16); }
  fs::path data() const { return folder_ / "data"; }
  fs::path run() const { return folder_ / "run"; }

  Ended train(const Args& more) const {
    return hyena(small_run(data(), run()) + Args{"--epochs", "1"} + more);
  }
  void expect_refused(const Args& more, int code, const std::string& message) const {
    const auto end = train(more);
    EXPECT_EQ(end.code, code) << end.out;
    EXPECT_EQ(end.err, message);
    EXPECT_FALSE(fs::exists(run())) << "a refused run leaves no folder behind";
  }

  TemporaryFolder folder_;
};

TEST_F(Mistakes, Commands) {
  const auto none = hyena({});
  EXPECT_EQ(none.code, 2);
  EXPECT_NE(none.err.find("usage: hyena COMMAND [OPTIONS]"), std::string::npos);
  const auto end = hyena({"trian"});
  EXPECT_EQ(end.code, 2);
  EXPECT_EQ(end.err,
            "hyena: unknown command 'trian'; did you mean 'train'?\n"
            "`hyena --help` lists the commands.\n");
  const auto version = hyena({"--version"});
  EXPECT_EQ(version.code, 0);
  EXPECT_NE(version.out.find("hyena "), std::string::npos) << version.out;
}

TEST_F(Mistakes, Options) {
  expect_refused({"--weigth-decay", "0.1"}, 2,
                 "hyena train: unknown option --weigth-decay; did you mean --weight-decay?\n");
  expect_refused({"stray"}, 2, "hyena train: unexpected argument 'stray'\n");
  expect_refused({"--lr", "fast"}, 2, "hyena train: --lr: expected a number, got 'fast'\n");
  expect_refused({"--epochs", "2.5"}, 2,
                 "hyena train: --epochs: expected a whole number, got '2.5'\n");
  expect_refused({"--epochs", "0"}, 2,
                 "hyena: command line: epochs must be at least 1 epochs, got 0\n");
  expect_refused({"--opt", "adamv"}, 2,
                 "hyena: command line: opt must be one of adamw, adam, nadamw, sgd, lamb, "
                 "safari_lamb, lion, rmsprop_tf, got 'adamv'\n");
  expect_refused({"--device", "gpu"}, 2,
                 "hyena: device must be auto, cpu, cuda or cuda:N, got 'gpu'\n");
}

TEST_F(Mistakes, NamesOfThings) {
  expect_refused({"--model", "hyena_tiny_29"}, 2,
                 "hyena: unknown model 'hyena_tiny_29'; did you mean 'hyena_tiny_28'? "
                 "`hyena models` lists all\n");
  expect_refused({"--mixer", "hyena2"}, 2,
                 "hyena: unknown mixer 'hyena2'; did you mean 'hyena'? Known: hyena, "
                 "hyena_bidirectional, hyena2d, attention, conv7x7, sep_conv, gated, mha\n");
  expect_refused(
      {"--recipe", "fashon"}, 2,
      "hyena: unknown recipe 'fashon'; did you mean 'fashion'? Known: fashion, characters, cifar, "
      "hyena-vit, deit, hyenapixel, finetune\n");
  expect_refused({"--data", "mnits:x"}, 1,
                 "hyena: unknown data 'mnits:x'; known kinds: fashion-mnist, mnist, cifar10, "
                 "cifar100, folder\n");
  expect_refused({"--data", "mnist:" + (folder_ / "absent").string()}, 1,
                 "hyena: no folder " + (folder_ / "absent").string() +
                     " with train-images-idx3-ubyte or train-images-idx3-ubyte.gz\n");
}

TEST_F(Mistakes, ConfigurationFiles) {
  const std::string file = (folder_ / "my.toml").string();
  write_file(file, "weigth_decay = 0.1\n");
  expect_refused({"--config", file}, 2,
                 "hyena: " + file +
                     ": unknown option 'weigth_decay'; did you mean "
                     "'weight_decay'?\n");
  write_file(file, "lr = 0.1\nepochs = \"many\"\n");
  expect_refused({"--config", file}, 2,
                 "hyena: " + file + ": epochs has the wrong type: \"many\"\n");
  write_file(file, "lr = 0.1\nepochs = \n");
  const auto end = train({"--config", file});
  EXPECT_EQ(end.code, 2);
  EXPECT_TRUE(end.err.starts_with("hyena: " + file + ", line 2: ")) << end.err;
  write_file(file, "recipe = 3\n");
  expect_refused({"--config", file}, 2, "hyena: " + file + ": recipe has the wrong type: 3\n");
  const std::string absent = (folder_ / "absent.toml").string();
  const auto gone = train({"--config", absent});
  EXPECT_EQ(gone.code, 2);
  EXPECT_NE(gone.err.find(absent), std::string::npos) << gone.err;
}

TEST_F(Mistakes, OutputFolders) {
  ASSERT_EQ(train({}).code, 0);
  const std::string before = read_file(run() / "summary.csv");
  const auto again = train({});
  EXPECT_EQ(again.code, 2);
  EXPECT_EQ(again.err, "hyena: " + run().string() +
                           " holds a run already; go on with it by "
                           "--resume " +
                           run().string() + ", or name another --output\n");
  EXPECT_EQ(read_file(run() / "summary.csv"), before);

  write_file(folder_ / "file", "x");
  const std::string below = (folder_ / "file" / "run").string();
  const auto end = hyena(small_run(data(), below));
  EXPECT_EQ(end.code, 1);
  EXPECT_EQ(end.err, "hyena: cannot write to the run folder " + below +
                         ": Not a directory; choose another with --output\n");
}

TEST_F(Mistakes, AReadOnlyOutputFolder) {
  const SmallDisk disk(folder_ / "disk", "4m");
  if (!disk.mounted()) GTEST_SKIP() << "no file system of its own: only root can mount one";
  const fs::path on_disk = folder_ / "disk" / "run";
  ASSERT_EQ(hyena(small_run(data(), on_disk) + Args{"--epochs", "1"}).code, 0);
  disk.make_read_only();
  const auto resumed = hyena({"train", "--resume", on_disk.string(), "--epochs", "2"});
  EXPECT_EQ(resumed.code, 1) << resumed.out;
  EXPECT_EQ(resumed.err, "hyena: cannot write to the run folder " + on_disk.string() +
                             ": Read-only file system; choose another with --output\n");
  const auto fresh = hyena(small_run(data(), folder_ / "disk" / "new"));
  EXPECT_EQ(fresh.code, 1) << fresh.out;
  EXPECT_EQ(fresh.err, "hyena: cannot write to the run folder " +
                           (folder_ / "disk" / "new").string() +
                           ": Read-only file system; choose another with --output\n");
  const auto features =
      hyena({"features", "--model", (on_disk / "last.safetensors").string(), "--data",
             "mnist:" + data().string(), "--out", (on_disk / "features.npy").string()});
  EXPECT_EQ(features.code, 1);
  EXPECT_EQ(features.err, "hyena: cannot create " + (on_disk / "features.npy").string() +
                              ": Read-only file system\n");
}

TEST_F(Mistakes, CheckpointsOfOtherModels) {
  const fs::path other = folder_ / "other";
  const auto made = hyena({"train",
                           "--data",
                           "mnist:" + data().string(),
                           "--output",
                           other.string(),
                           "--model",
                           "safari_hyena_vit_b_p16",
                           "--patch",
                           "4",
                           "--dim",
                           "16",
                           "--depth",
                           "1",
                           "--limit-batches",
                           "1",
                           "--epochs",
                           "1",
                           "--batch-size",
                           "8",
                           "--threads",
                           "1"});
  ASSERT_EQ(made.code, 0) << made.err;
  const std::string file = (other / "last.safetensors").string();
  expect_refused({"--init", file}, 2,
                 "hyena: --init " + file +
                     " holds a model of the family safari_vit (safari_hyena_vit_b_p16), --model "
                     "hyena_tiny_28 is of vit; name a model of that family\n");
  const auto state = hyena({"eval", "--model", (data() / "train-images-idx3-ubyte").string(),
                            "--data", "mnist:" + data().string()});
  EXPECT_EQ(state.code, 1) << state.err;
  EXPECT_NE(state.err.find((data() / "train-images-idx3-ubyte").string()), std::string::npos);
}

TEST_F(Mistakes, ALossThatIsNotFinite) {
  ASSERT_EQ(train({}).code, 0);
  const std::string good = read_file(run() / "resume.safetensors");
  const std::string last = read_file(run() / "last.safetensors");
  const auto end = hyena({"train", "--resume", run().string(), "--epochs", "2", "--lr", "1e30",
                          "--warmup-lr", "1e30", "--sched", "constant"});
  EXPECT_EQ(end.code, 1);
  EXPECT_TRUE(end.err.starts_with(
      "hyena: the loss or its gradient is not a finite number any more, in epoch 2 at update 4. "
      "Its pictures:\n    train-images-idx3-ubyte["))
      << end.err;
  EXPECT_TRUE(end.err.ends_with(
      "\n    and 8 more\n  Last good checkpoint: " + (run() / "resume.safetensors").string() +
      ". Try a lower --lr, a longer --warmup-epochs, --clip-grad 1, or --no-amp\n"))
      << end.err;
  EXPECT_TRUE(read_file(run() / "resume.safetensors") == good);
  EXPECT_TRUE(read_file(run() / "last.safetensors") == last);
  const auto healed = hyena({"train", "--resume", run().string(), "--epochs", "2"});
  EXPECT_EQ(healed.code, 0) << healed.err;

  // The last update of an epoch ruins the weights: no loss has told of it yet.
  const auto ruined = hyena(small_run(data(), folder_ / "ruined") +
                            Args{"--limit-batches", "1", "--lr", "1e39", "--warmup-lr", "1e39"});
  EXPECT_EQ(ruined.code, 1);
  EXPECT_TRUE(
      ruined.err.starts_with("hyena: the weights are not finite numbers any more, in epoch "
                             "1 after update 1, first '"))
      << ruined.err;
  EXPECT_NE(ruined.err.find("\n  Last good checkpoint: none yet. Try"), std::string::npos);
  EXPECT_FALSE(fs::exists(folder_ / "ruined" / "last.safetensors"));
}

TEST_F(Mistakes, AFullDisk) {
  const SmallDisk disk(folder_ / "disk", "4m");
  if (!disk.mounted()) GTEST_SKIP() << "no file system of its own: only root can mount one";
  const fs::path on_disk = folder_ / "disk" / "run", filler = folder_ / "disk" / "filler";
  ASSERT_EQ(hyena(small_run(data(), on_disk) + Args{"--epochs", "1"}).code, 0);
  const std::string state = read_file(on_disk / "resume.safetensors");
  const std::string last = read_file(on_disk / "last.safetensors");
  {
    std::ofstream out(filler, std::ios::binary);
    const std::string page(4096, 'x');
    while (out.write(page.data(), 4096).flush()) {
    }
  }
  // Some pages for the logs, too few for a checkpoint.
  fs::resize_file(filler, fs::file_size(filler) / 4096 * 4096 - 6 * 4096);
  const auto end = hyena({"train", "--resume", on_disk.string(), "--epochs", "2"});
  EXPECT_EQ(end.code, 1) << end.out;
  EXPECT_TRUE(end.err.starts_with("hyena: cannot write " + on_disk.string() + "/")) << end.err;
  EXPECT_NE(end.err.find(": No space left on device; free some space and go on with --resume"),
            std::string::npos)
      << end.err;
  EXPECT_TRUE(read_file(on_disk / "resume.safetensors") == state);
  EXPECT_TRUE(read_file(on_disk / "last.safetensors") == last);
  fs::remove(filler);
  const auto healed = hyena({"train", "--resume", on_disk.string(), "--epochs", "2"});
  EXPECT_EQ(healed.code, 0) << healed.err;
}

}  // namespace
}  // namespace hyena
