#pragma once

#include <functional>
#include <iosfwd>
#include <string>
#include <utility>
#include <vector>

namespace hyena::train {

/// What a long run shows of itself: on a terminal one line that is rewritten in place, elsewhere
/// plain lines.
class ProgressLine {
 public:
  struct Options {
    bool terminal = false;        ///< rewrite in place
    double seconds_between = 0;   ///< updates that come sooner after the last shown are not
    std::function<int()> width;   ///< columns of the terminal; empty: ask the system
    std::function<double()> now;  ///< seconds on a steady clock; empty: the system's
  };
  /// For standard error or another descriptor: in place when it is a terminal (10 updates a
  /// second), plain otherwise.
  static Options for_descriptor(int descriptor);

  ProgressLine(std::ostream& out, Options options) : out_(out), options_(std::move(options)) {}
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  /// Label and value, e.g. {"loss", "0.3121"}; an empty label shows the value alone.
  using Fields = std::vector<std::pair<std::string, std::string>>;

  /// Shows "epoch 3/10  loss 0.3121  …", cut to the terminal's width. With `always` even when the
  /// last update is too recent.
  void update(const Fields& fields, bool always = false);

  /// Prints a whole line that stays; an open progress line continues below it.
  void message(const std::string& text);

  /// Ends an open progress line, so that other output starts on a fresh one.
  void finish();

 private:
  std::ostream& out_;
  Options options_;
  std::string shown_;  ///< the open line on a terminal, empty when none
  bool any_ = false;
  double last_ = 0;
};

/// `text` cut to at most `columns` characters (UTF-8 code points), ending in "…" when cut.
std::string cut_to_width(const std::string& text, int columns);

}  // namespace hyena::train
