#pragma once

#include <cstddef>
#include <map>
#include <optional>

#include "inspect/figure/figure.h"
#include "inspect/paint/layout.h"

namespace hyena::app {

/// The ranges that a figure's panels show. Panels below each other with equal x ranges move
/// together.
class ZoomState {
 public:
  /// A new figure; ranges that were zoomed into stay where `keep`.
  void set_figure(const inspect::Figure& figure, bool keep);
  /// Ranges of the whole panels, as they were painted without zoom.
  void learn(const inspect::FigureLayout& layout);

  bool can_zoom(std::size_t panel) const;
  /// `factor` below 1 comes closer; `at` is the pixel that stays.
  void zoom(const inspect::PanelLayout& panel, QPointF at, double factor, bool along_y);
  void pan(const inspect::PanelLayout& panel, QPointF from, QPointF to);
  void reset();
  bool zoomed() const { return !x_.empty() || !y_.empty(); }

  /// Panels whose x axis is the same as this one's.
  bool linked(std::size_t panel, std::size_t other) const;
  /// The figure with the ranges put in.
  inspect::Figure applied(inspect::Figure figure) const;

 private:
  struct Whole {
    inspect::Range x = {}, y = {};
  };
  void set_x(std::size_t panel, inspect::Range range);

  std::map<std::size_t, Whole> whole_;
  std::map<std::size_t, inspect::Range> x_, y_;
  std::size_t columns_ = 1, panels_ = 0;
  std::vector<bool> can_;
};

}  // namespace hyena::app
