#include "train/run/durations.h"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <limits>

namespace hyena::train {
namespace {

std::string printed(const char* format, auto... values) {
  char text[64];
  std::snprintf(text, sizeof text, format, values...);
  return text;
}

}  // namespace

std::string format_duration(double seconds) {
  if (!(seconds >= 0) || seconds > 1e10) return "?";
  if (seconds < 9.995) return printed("%.2f s", seconds);
  if (seconds < 59.95) return printed("%.1f s", seconds);
  const auto whole = static_cast<std::int64_t>(std::llround(seconds));
  if (whole < 3600) return printed("%dm %02ds", int(whole / 60), int(whole % 60));
  const std::int64_t minutes = whole / 60;
  if (minutes < 1440) return printed("%dh %02dm", int(minutes / 60), int(minutes % 60));
  return printed("%dd %02dh", int(minutes / 1440), int(minutes / 60 % 24));
}

std::string format_rate(double per_second, const std::string& unit) {
  const double size = std::abs(per_second);
  std::string number;
  if (!std::isfinite(per_second)) {
    number = "?";
  } else if (size < 9.995) {
    number = printed("%.3f", per_second);
  } else if (size < 999.5) {
    number = printed("%.1f", per_second);
  } else if (size < 9999.5) {
    number = printed("%.0f", per_second);
  } else if (size < 999950) {
    number = printed("%.1fk", per_second / 1e3);
  } else {
    number = printed("%.2fM", per_second / 1e6);
  }
  return number + " " + unit;
}

std::string format_number(double value) {
  if (std::isnan(value)) return "nan";
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  return {text, end};
}

double remaining_seconds(double elapsed, double done, double total) {
  if (done <= 0) return std::numeric_limits<double>::infinity();
  return done >= total ? 0 : elapsed / done * (total - done);
}

}  // namespace hyena::train
