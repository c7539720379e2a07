#include "train/run/progress_line.h"

#include <cmath>
#include <limits>
#include <sstream>

#include <gtest/gtest.h>

#include "train/run/durations.h"

namespace hyena::train {
namespace {

TEST(ProgressLine, PrintsPlainLinesWhenNotOnATerminal) {
  std::ostringstream out;
  ProgressLine line(out, {});
  line.update({{"epoch", "1/3"}, {"loss", "0.5"}, {"", "12.0 img/s"}});
  line.message("saved");
  line.update({{"epoch", "2/3"}});
  line.finish();
  EXPECT_EQ(out.str(), "epoch 1/3  loss 0.5  12.0 img/s\nsaved\nepoch 2/3\n");
}

TEST(ProgressLine, RewritesOneLineOnATerminal) {
  std::ostringstream out;
  double now = 0;
  {
    ProgressLine line(out, {.terminal = true,
                            .seconds_between = 0.1,
                            .width = [] { return 10; },
                            .now = [&] { return now; }});
    line.update({{"step", "1"}});
    now = 0.05;
    line.update({{"step", "2"}});  // too soon
    line.message("saved");
    now = 0.2;
    line.update({{"a long label", "3"}});
    line.update({{"step", "4"}}, /*always=*/true);
  }
  EXPECT_EQ(out.str(),
            "\r\x1b[Kstep 1"
            "\r\x1b[Ksaved\nstep 1"
            "\r\x1b[Ka long l…"
            "\r\x1b[Kstep 4\n");
}

TEST(ProgressLine, ADescriptorThatIsNoTerminalGetsPlainLines) {
  const auto options = ProgressLine::for_descriptor(-1);
  EXPECT_FALSE(options.terminal);
  EXPECT_EQ(options.seconds_between, 0);
}

TEST(ProgressLine, CutsAtCharacters) {
  EXPECT_EQ(cut_to_width("héllo", 5), "héllo");
  EXPECT_EQ(cut_to_width("héllo", 4), "hél…");
  EXPECT_EQ(cut_to_width("héllo", 2), "h…");
  EXPECT_EQ(cut_to_width("héllo", 1), "…");
  EXPECT_EQ(cut_to_width("héllo", 0), "");
}

TEST(Durations, ReadWell) {
  EXPECT_EQ(format_duration(0.4251), "0.43 s");
  EXPECT_EQ(format_duration(9.996), "10.0 s");
  EXPECT_EQ(format_duration(59.97), "1m 00s");
  EXPECT_EQ(format_duration(185), "3m 05s");
  EXPECT_EQ(format_duration(3599.7), "1h 00m");
  EXPECT_EQ(format_duration(7620), "2h 07m");
  EXPECT_EQ(format_duration(4 * 86400 + 3 * 3600 + 59), "4d 03h");
  EXPECT_EQ(format_duration(std::numeric_limits<double>::infinity()), "?");
  EXPECT_EQ(format_duration(std::nan("")), "?");
  EXPECT_EQ(format_duration(-1), "?");
}

TEST(Durations, RatesAndNumbersReadWell) {
  EXPECT_EQ(format_rate(0.8731, "img/s"), "0.873 img/s");
  EXPECT_EQ(format_rate(87.31, "img/s"), "87.3 img/s");
  EXPECT_EQ(format_rate(8731, "img/s"), "8731 img/s");
  EXPECT_EQ(format_rate(87310, "img/s"), "87.3k img/s");
  EXPECT_EQ(format_rate(1.25e6, "img/s"), "1.25M img/s");
  EXPECT_EQ(format_rate(std::nan(""), "img/s"), "? img/s");
  EXPECT_EQ(format_number(0.1), "0.1");
  EXPECT_EQ(format_number(1.0 / 3), "0.3333333333333333");
  EXPECT_EQ(format_number(-std::numeric_limits<double>::infinity()), "-inf");
  EXPECT_EQ(format_number(std::nan("")), "nan");
}

TEST(Durations, TimeLeftIsProportional) {
  EXPECT_EQ(remaining_seconds(10, 25, 100), 30);
  EXPECT_EQ(remaining_seconds(10, 100, 100), 0);
  EXPECT_TRUE(std::isinf(remaining_seconds(10, 0, 100)));
}

}  // namespace
}  // namespace hyena::train
