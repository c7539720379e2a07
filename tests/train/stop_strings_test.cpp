#include "train/stop_strings.h"

#include <gtest/gtest.h>

namespace hyena::train {
namespace {

/// All that comes out of `text` in pieces of n bytes, with what was held back at the end.
std::string out_of(const std::string& text, std::size_t n, const std::vector<std::string>& stops) {
  StopStrings finder(stops);
  std::string out;
  for (std::size_t at = 0; at < text.size(); at += n) {
    out += finder.push(std::string_view(text).substr(at, n));
  }
  return out + finder.take_held();
}

TEST(StopStrings, EndAtTheFirstHoweverTheTextComes) {
  const std::string text = "to be, or not to be\nthat is the question\n\nend";
  for (const std::size_t n : {1, 2, 3, 5, 100}) {
    EXPECT_EQ(out_of(text, n, {"\n\n", "question!"}), text.substr(0, text.find("\n\n"))) << n;
    EXPECT_EQ(out_of(text, n, {"question", "is the"}), text.substr(0, text.find("is the"))) << n;
    EXPECT_EQ(out_of(text, n, {"end of it", ""}), text) << n;
    EXPECT_EQ(out_of(text, n, {}), text) << n;
  }
}

TEST(StopStrings, HoldBackOnlyWhatMayBecomeOne) {
  StopStrings finder({"abab!"});
  EXPECT_EQ(finder.push("xab"), "x");
  EXPECT_EQ(finder.push("ab"), "");
  EXPECT_EQ(finder.push("a"), "ab");  // "aba" may still begin it
  EXPECT_FALSE(finder.found());
  EXPECT_EQ(finder.push("b!tail"), "");
  EXPECT_TRUE(finder.found());
  EXPECT_EQ(finder.push("more"), "");
  EXPECT_EQ(finder.take_held(), "");
}

}  // namespace
}  // namespace hyena::train
