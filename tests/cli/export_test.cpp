#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/cli/program.h"

/// Figures from the command line, without a display.
namespace hyena {
namespace {

namespace fs = std::filesystem;
using namespace tests;
using nlohmann::json;

/// Faults of a page's tags: each one closed, in order, and attributes in quotes.
std::string tag_fault(const std::string& page) {
  std::vector<std::string> open;
  for (std::size_t at = page.find('<'); at != std::string::npos; at = page.find('<', at + 1)) {
    const auto end = page.find('>', at);
    if (end == std::string::npos) return "a tag without its end";
    const std::string tag = page.substr(at + 1, end - at - 1);
    if (tag.empty() || tag.find('<') != std::string::npos) return "'<' within " + tag.substr(0, 40);
    if (tag[0] == '!' || tag.back() == '/') continue;
    const std::string name =
        tag.substr(tag[0] == '/' ? 1 : 0, tag.find_first_of(" \n") - (tag[0] == '/' ? 1 : 0));
    if (tag[0] != '/') {
      open.push_back(name);
    } else if (open.empty() || open.back() != tag.substr(1)) {
      return "</" + name + "> closes nothing";
    } else {
      open.pop_back();
    }
  }
  return open.empty() ? "" : "<" + open.back() + "> stays open";
}

class Export : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    ::unsetenv("DISPLAY");
    ::unsetenv("WAYLAND_DISPLAY");
    ::unsetenv("QT_QPA_PLATFORM");
    folder_ = std::make_unique<TemporaryFolder>();
    std::ofstream text(*folder_ / "text.txt");
    for (int i = 0; i < 400; ++i) text << "the cat " << i * 7919 % 1000 << " sees a dog.\n";
    text << "<b> & \"c\"\n";
    text.close();
    const auto end = hyena(
        {"train", "--recipe", "characters", "--data", "text:" + (*folder_ / "text.txt").string(),
         "--output", (*folder_ / "run").string(), "--d-model", "16", "--n-layer", "2", "--seq-len",
         "48", "--batch-size", "4", "--epochs", "1", "--device", "cpu"});
    ASSERT_EQ(end.code, 0) << end.err << end.out;
    pictures_ = hyena(figure(*folder_ / "try.svg")).code == 0;
  }
  static void TearDownTestSuite() { folder_.reset(); }

  static std::string model() { return (*folder_ / "run" / "last.safetensors").string(); }
  static std::vector<std::string> figure(const fs::path& out) {
    return {"export",  "--view", "impulse",    "--model", model(),  "--prompt",
            "the cat", "--out",  out.string(), "--size",  "800x500"};
  }
  static std::vector<std::string> all(const fs::path& out) {
    return {"export-all", "--model", model(), "--prompt", "the cat", "--out-dir", out.string()};
  }

  inline static std::unique_ptr<TemporaryFolder> folder_;
  inline static bool pictures_ = false;
};

TEST_F(Export, ViewsAreListed) {
  const auto table = hyena({"views"});
  EXPECT_EQ(table.code, 0) << table.err;
  const auto list = json::parse(hyena({"views", "--json"}).out);
  ASSERT_FALSE(list.empty());
  for (const auto& view : list) {
    const std::string id = view.at("id");
    EXPECT_NE(table.out.find(id), std::string::npos) << id;
    const auto one = hyena({"views", id});
    EXPECT_EQ(one.code, 0);
    for (const auto& parameter : view.at("parameters")) {
      EXPECT_NE(one.out.find(parameter.at("name").get<std::string>()), std::string::npos) << id;
    }
  }
}

TEST_F(Export, WritesEachFormatTheSameInEveryFolder) {
  const TemporaryFolder one, two;
  const std::vector<std::pair<std::string, std::string>> formats = {
      {"csv", "#"},       {"npy", "\x93NUMPY"}, {"json", "{"},
      {"png", "\x89PNG"}, {"svg", "<?xml"},     {"pdf", "%PDF"}};
  for (const auto& [suffix, start] : formats) {
    const std::string name = "f." + suffix;
    const bool picture = suffix == "png" || suffix == "svg" || suffix == "pdf";
    if (picture && !pictures_) continue;
    const auto end = hyena(figure(one / name));
    ASSERT_EQ(end.code, 0) << name << ": " << end.err;
    ASSERT_EQ(hyena(figure(two / name)).code, 0);
    const std::string bytes = read_file(one / name);
    EXPECT_TRUE(bytes.starts_with(start)) << name;
    EXPECT_EQ(bytes, read_file(two / name)) << name;
    EXPECT_EQ(bytes.find(one.path().string()), std::string::npos) << name;
    EXPECT_EQ(bytes.find(folder_->path().string()), std::string::npos) << name;
  }
  // The array of NPY is the first one of JSON.
  const auto whole = json::parse(read_file(one / "f.json"));
  const auto& array = whole.at("arrays").at(0);
  const std::string npy = read_file(one / "f.npy");
  std::int64_t count = 1;
  for (const auto& side : array.at("shape")) count *= side.get<std::int64_t>();
  ASSERT_GT(count, 0);
  const auto bytes = static_cast<std::size_t>(count) * sizeof(float);
  ASSERT_GT(npy.size(), bytes);
  float last = 0;
  std::memcpy(&last, npy.data() + npy.size() - sizeof last, sizeof last);
  EXPECT_EQ(last, array.at("values").back().get<float>());
  EXPECT_EQ(whole.at("provenance").at("model"), "last.safetensors");
}

TEST_F(Export, EachFailureHasItsCodeAndASentence) {
  const TemporaryFolder folder;
  const auto out = (folder / "f.csv").string();
  write_file(folder / "broken.safetensors", "these are no weights at all");
  write_file(folder / "a file", "in the way");
  struct Case {
    std::vector<std::string> args;
    int code;
    std::string says;
  };
  const std::vector<std::string> base = {"export", "--view", "impulse", "--model"};
  const std::vector<Case> cases = {
      {{"export", "--view", "impulsee", "--model", model(), "--out", out}, 2, "impulse"},
      {base + std::vector<std::string>{model()}, 2, "--out FILE"},
      {base + std::vector<std::string>{model(), "--out", "f.bmp"}, 2, "png, svg, pdf"},
      {base + std::vector<std::string>{model(), "--out", out, "--set", "layr=1"}, 2, "layer"},
      {base + std::vector<std::string>{model(), "--out", out, "--set", "layer=99"}, 2, "99"},
      {base + std::vector<std::string>{model(), "--out", out, "--size", "12"}, 2, "1200x700"},
      {base + std::vector<std::string>{model(), "--out", out, "--device", "tpu"}, 2, "tpu"},
      {base + std::vector<std::string>{model(), "--out", out, "--initial", "--model2", model()}, 2,
       "not both"},
      {base + std::vector<std::string>{"nowhere.safetensors", "--out", out}, 3, "no such file"},
      {base + std::vector<std::string>{model(), "--out", out, "--prompt-file", "nowhere"}, 3,
       "nowhere"},
      {base + std::vector<std::string>{(folder / "broken.safetensors").string(), "--out", out}, 4,
       "broken.safetensors"},
      {base + std::vector<std::string>{model(), "--out", out, "--prompt", ""}, 5, "empty"},
      {base +
           std::vector<std::string>{model(), "--out", out, "--input", (folder / "a file").string()},
       5, "text"},
      {{"export", "--view", "impulse", "--out", out}, 6, "--model"},
      {base + std::vector<std::string>{model(), "--out", (folder / "a file" / "f.csv").string()}, 7,
       "f.csv"},
      {{"export-all", "--model", model(), "--group", "nothing", "--out-dir", out}, 2, "filters"},
      {{"export-all", "--model", model(), "--formats", "gif", "--out-dir", out}, 2, "png"},
  };
  for (const auto& one : cases) {
    const auto end = hyena(one.args);
    EXPECT_EQ(end.code, one.code) << end.err;
    EXPECT_NE(end.err.find(one.says), std::string::npos) << end.err;
    EXPECT_EQ(std::ranges::count(end.err, '\n'), 1) << end.err;
    EXPECT_FALSE(fs::exists(out));
    const auto told = hyena(one.args + std::vector<std::string>{"--json"});
    EXPECT_EQ(told.code, one.code);
    EXPECT_NE(json::parse(told.out).at("error").at("message").get<std::string>().find(one.says),
              std::string::npos);
  }
}

TEST_F(Export, AllGoesOnWhereItStopped) {
  const TemporaryFolder folder;
  const auto out = folder / "figures";
  const auto args = all(out) + std::vector<std::string>{"--formats", "csv,json", "--json"};
  const auto first = hyena(args);
  ASSERT_EQ(first.code, 0) << first.err << first.out;
  const auto made = json::parse(first.out);
  ASSERT_GE(made.at("written").size(), 2U);
  EXPECT_TRUE(made.at("kept").empty());
  const std::string name = made.at("written").at(0);
  const std::string bytes = read_file(out / name);

  // One is damaged, one is lost: both are made again, the others stay.
  const std::string other = made.at("written").at(1);
  write_file(out / name, "damaged");
  fs::remove(out / other);
  const auto again = json::parse(hyena(args).out);
  EXPECT_EQ(again.at("written"), json({name, other}));
  EXPECT_EQ(again.at("kept").size() + 2, made.at("written").size());
  EXPECT_EQ(read_file(out / name), bytes);

  // Another input makes new files.
  auto changed = args;
  changed[4] = "a dog";
  EXPECT_TRUE(json::parse(hyena(changed).out).at("kept").empty());
}

TEST_F(Export, CtrlCLeavesNothingHalfWritten) {
  const TemporaryFolder folder;
  const auto out = folder / "figures";
  Program program(all(out) + std::vector<std::string>{"--formats", "json"});
  while (!program.ended() && !fs::exists(out)) {
  }
  program.signal(SIGINT);
  const auto end = program.wait();
  EXPECT_TRUE(end.code == 130 || end.code == 0) << end.code << end.err;
  if (!fs::exists(out)) return;
  for (const auto& file : fs::directory_iterator(out)) {
    EXPECT_TRUE(json::accept(read_file(file.path()))) << file.path();
  }
}

TEST_F(Export, ReportIsOneWholePage) {
  const TemporaryFolder folder;
  const auto page = folder / "page.html";
  const auto end = hyena({"export-all", "--model", model(), "--prompt", "a <b> & \"c\"", "--json",
                          "--report", page.string()});
  if (!pictures_) {
    EXPECT_EQ(end.code, 7);
    EXPECT_NE(end.out.find("HYENA_QT"), std::string::npos);
    return;
  }
  // No character of the prompt may be unknown to this model's alphabet.
  ASSERT_EQ(end.code, 0) << end.out << end.err;
  const std::string html = read_file(page);
  EXPECT_EQ(tag_fault(html), "");
  EXPECT_EQ(html.find("<script"), std::string::npos);
  EXPECT_EQ(html.find("src=\"http"), std::string::npos);
  EXPECT_EQ(html.find(folder_->path().string()), std::string::npos);
  EXPECT_NE(html.find("prefers-color-scheme: dark"), std::string::npos);
  EXPECT_NE(html.find("a &lt;b&gt; &amp; &quot;c&quot;"), std::string::npos);
  EXPECT_NE(html.find("src=\"data:image/"), std::string::npos);
  for (const auto& view : json::parse(hyena({"views", "--json"}).out)) {
    EXPECT_NE(html.find(view.at("id").get<std::string>()), std::string::npos) << view.at("id");
  }
}

TEST_F(Export, WithoutQtTheMessageSaysWhatToInstall) {
  if (pictures_) GTEST_SKIP() << "this build writes pictures";
  const TemporaryFolder folder;
  const auto end = hyena(figure(folder / "f.png"));
  EXPECT_EQ(end.code, 7);
  EXPECT_NE(end.err.find("qt6-svg-dev"), std::string::npos) << end.err;
  EXPECT_NE(end.err.find("HYENA_QT"), std::string::npos) << end.err;
}

}  // namespace
}  // namespace hyena
