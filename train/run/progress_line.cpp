#include "train/run/progress_line.h"

#include <chrono>
#include <ostream>

#include <sys/ioctl.h>
#include <unistd.h>

namespace hyena::train {
namespace {

constexpr const char* kEraseLine = "\r\x1b[K";

double steady_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

bool begins_character(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
}

}  // namespace

ProgressLine::Options ProgressLine::for_descriptor(int descriptor) {
  Options options;
  options.terminal = ::isatty(descriptor) == 1;
  options.seconds_between = options.terminal ? 0.1 : 0;
  options.width = [descriptor] {
    winsize size{};
    return ::ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? int(size.ws_col) : 80;
  };
  return options;
}

ProgressLine::~ProgressLine() {
  finish();
}

void ProgressLine::update(const Fields& fields, bool always) {
  const double now = options_.now ? options_.now() : steady_seconds();
  if (any_ && !always && now - last_ < options_.seconds_between) return;
  any_ = true;
  last_ = now;
  std::string text;
  for (const auto& [label, value] : fields) {
    if (!text.empty()) text += "  ";
    text += label.empty() ? value : label + " " + value;
  }
  if (!options_.terminal) {
    out_ << text << '\n' << std::flush;
    return;
  }
  // A line as wide as the terminal would wrap and could not be taken back.
  shown_ = cut_to_width(text, (options_.width ? options_.width() : 80) - 1);
  out_ << kEraseLine << shown_ << std::flush;
}

void ProgressLine::message(const std::string& text) {
  if (!shown_.empty()) out_ << kEraseLine;
  out_ << text << '\n' << shown_ << std::flush;
}

void ProgressLine::finish() {
  if (shown_.empty()) return;
  shown_.clear();
  out_ << '\n' << std::flush;
}

std::string cut_to_width(const std::string& text, int columns) {
  int count = 0;
  std::size_t cut = 0;  // where the last character that leaves room for "…" ends
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!begins_character(text[i])) continue;
    if (count == columns - 1) cut = i;
    if (++count > columns) return columns <= 0 ? "" : text.substr(0, cut) + "…";
  }
  return text;
}

}  // namespace hyena::train
