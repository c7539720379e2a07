#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hyena::train {

/// Finds the first of a few strings in a text that comes in pieces. What may be the begin of one is
/// held back until more has come.
class StopStrings {
 public:
  explicit StopStrings(std::vector<std::string> stops = {});

  /// The text that is sure now: all up to the first stop string, without what is held back.
  std::string push(std::string_view piece);
  /// Whether a stop string came; nothing more is given out then.
  bool found() const { return found_; }
  /// What was held back, at an end that is no stop string.
  std::string take_held();

 private:
  std::vector<std::string> stops_;
  std::string held_;
  bool found_ = false;
};

}  // namespace hyena::train
