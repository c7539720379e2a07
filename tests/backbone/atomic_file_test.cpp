#include "backbone/atomic_file.h"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <stdexcept>

#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/support/files.h"

namespace hyena::backbone {
namespace {

namespace fs = std::filesystem;
using tests::read_file;

template <class F>
std::string message(const F& f) {
  try {
    f();
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "nothing was thrown";
}

std::size_t entries(const fs::path& folder) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), {}));
}

/// A file system of its own, where this process may mount one.
class Mount {
 public:
  Mount(const fs::path& where, unsigned long flags, const char* settings) : where_(where) {
    mounted_ = ::mount("tmpfs", where.c_str(), "tmpfs", flags, settings) == 0;
  }
  ~Mount() {
    if (mounted_) ::umount2(where_.c_str(), MNT_DETACH);
  }
  Mount(const Mount&) = delete;
  Mount& operator=(const Mount&) = delete;
  explicit operator bool() const { return mounted_; }
  bool make_read_only() {
    return ::mount("tmpfs", where_.c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, nullptr) == 0;
  }

 private:
  fs::path where_;
  bool mounted_;
};

TEST(AtomicFile, AppearsOnCommitOnly) {
  const tests::TemporaryFolder folder;
  const auto path = folder / "a.bin";
  {
    AtomicFile file(path);
    file.write("first ");
    EXPECT_FALSE(fs::exists(path));
    file.write("second");
    file.commit();
  }
  EXPECT_EQ(read_file(path), "first second");
  EXPECT_EQ(entries(folder.path()), 1u);
}

TEST(AtomicFile, WithoutCommitTheOldFileStaysAndNothingElse) {
  const tests::TemporaryFolder folder;
  const auto path = folder / "a.bin";
  write_file_atomically(path, "old");
  {
    AtomicFile file(path);
    file.write("new");
  }
  EXPECT_EQ(read_file(path), "old");
  EXPECT_EQ(entries(folder.path()), 1u);
  write_file_atomically(path, "new");
  EXPECT_EQ(read_file(path), "new");
}

TEST(AtomicFile, WhatAKilledProgramLeftBehindIsRemoved) {
  const tests::TemporaryFolder folder;
  const ::pid_t gone = ::fork();
  if (gone == 0) ::_exit(0);
  ASSERT_EQ(::waitpid(gone, nullptr, 0), gone);
  const std::string abandoned = "weights.tmp-" + std::to_string(gone);
  const std::string own = "weights.tmp-" + std::to_string(::getpid());
  for (const std::string& name : {abandoned, own, std::string("weights"), std::string("notes.tmp-"),
                                  std::string("a.tmp-1b")}) {
    tests::write_file(folder / name, "x");
  }
  remove_abandoned_files(folder.path());
  EXPECT_FALSE(fs::exists(folder / abandoned));
  for (const std::string& name :
       {own, std::string("weights"), std::string("notes.tmp-"), std::string("a.tmp-1b")}) {
    EXPECT_TRUE(fs::exists(folder / name)) << name;
  }
  remove_abandoned_files(folder / "absent");
}

TEST(AtomicFile, AFullDiskKeepsTheOldFile) {
  const tests::TemporaryFolder folder;
  const Mount mount(folder.path(), 0, "size=64k");
  if (!mount) GTEST_SKIP() << "mounting a tmpfs: " << std::strerror(errno);
  const auto path = folder / "last.safetensors";
  write_file_atomically(path, "old");
  EXPECT_EQ(message([&] { write_file_atomically(path, std::string(1 << 20, 'x')); }),
            "cannot write " + path.string() +
                ": No space left on device; free some space and go on with --resume (the previous "
                "version is intact)");
  EXPECT_EQ(read_file(path), "old");
  EXPECT_EQ(entries(folder.path()), 1u);
}

TEST(AtomicFile, AFileTooLargeForTheLimitKeepsTheOldFile) {
  const tests::TemporaryFolder folder;
  const auto path = folder / "last.safetensors";
  write_file_atomically(path, "old");
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit small = before;
  small.rlim_cur = 4096;
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const std::string said = message([&] { write_file_atomically(path, std::string(8192, 'x')); });
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(said,
            "cannot write " + path.string() + ": File too large (the previous version is intact)");
  EXPECT_EQ(read_file(path), "old");
  EXPECT_EQ(entries(folder.path()), 1u);
}

TEST(AtomicFile, SaysWhyItCannotBegin) {
  const tests::TemporaryFolder folder;
  tests::write_file(folder / "file", "x");
  const auto below = folder / "file" / "a.bin";
  EXPECT_EQ(message([&] { AtomicFile{below}; }),
            "cannot create " + below.string() + ": Not a directory");
  const auto missing = folder / "missing" / "a.bin";
  EXPECT_EQ(message([&] { AtomicFile{missing}; }),
            "cannot create " + missing.string() + ": No such file or directory");
  fs::create_symlink("loop", folder / "loop");
  const auto endless = folder / "loop" / "a.bin";
  EXPECT_EQ(message([&] { AtomicFile{endless}; }),
            "cannot create " + endless.string() + ": Too many levels of symbolic links");
}

TEST(AtomicFile, AReadOnlyFolderKeepsTheOldFile) {
  const tests::TemporaryFolder folder;
  Mount mount(folder.path(), 0, "size=64k");
  if (!mount) GTEST_SKIP() << "mounting a tmpfs: " << std::strerror(errno);
  const auto path = folder / "last.safetensors";
  write_file_atomically(path, "old");
  ASSERT_TRUE(mount.make_read_only());
  EXPECT_EQ(message([&] { write_file_atomically(path, "new"); }),
            "cannot create " + path.string() +
                ": Read-only file system (the previous version is intact)");
  EXPECT_EQ(read_file(path), "old");
}

TEST(AtomicFile, AFolderInItsPlaceIsAnErrorThatLeavesNothingBehind) {
  const tests::TemporaryFolder folder;
  const auto path = folder / "a.bin";
  fs::create_directory(path);
  EXPECT_TRUE(message([&] {
                write_file_atomically(path, "new");
              }).starts_with("cannot finish " + path.string() + ": Is a directory"));
  EXPECT_EQ(entries(folder.path()), 1u);
}

}  // namespace
}  // namespace hyena::backbone
