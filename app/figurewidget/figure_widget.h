#pragma once

#include <map>
#include <memory>
#include <optional>

#include <QTimer>
#include <QWidget>

#include "app/figurewidget/cursor_text.h"
#include "app/figurewidget/zoom_state.h"
#include "inspect/paint/figure_painter.h"
#include "inspect/views/view.h"
#include "train/jobs/job.h"

namespace hyena::app {

/// Colours of one panel as the user set them, in place of the view's.
struct ColorChoice {
  std::optional<inspect::Limits> limits = {};
  std::string map = {};  ///< empty: the view's
};

/// Shows any Figure and its states: empty, loading, stale, error. Wheel zooms, dragging moves,
/// hovering reads out, a click picks. No model, no jobs: who owns it gives figures.
class FigureWidget : public QWidget {
  Q_OBJECT

 public:
  explicit FigureWidget(QWidget* parent = nullptr);
  ~FigureWidget() override;

  /// `keep_zoom`: the same view with other numbers.
  void set_figure(inspect::Figure figure, bool keep_zoom);
  void clear();
  bool has_figure() const { return painter_ != nullptr; }
  /// As it came, with the colours that were chosen here; zoom is not in it.
  const inspect::Figure& figure() const { return colored_; }
  /// As it is shown: with the zoomed ranges.
  inspect::Figure shown_figure() const { return zoom_.applied(colored_); }
  void set_pick(
      std::function<inspect::Selection(const inspect::Figure&, std::size_t, double, double)> pick);

  void set_empty_text(const QString& sentence, const QString& hint);
  void set_busy(bool busy);  ///< a newer figure is on its way
  void set_progress(const train::JobProgress& progress);
  void set_error(const train::JobError& error);
  void clear_error();
  bool busy() const { return busy_; }
  bool stale() const { return busy_ && has_figure(); }
  bool has_error() const { return error_.has_value(); }

  std::size_t focused_panel() const { return focused_; }
  const ColorChoice& color_choice(std::size_t panel) const;
  void set_color_choice(std::size_t panel, const ColorChoice& choice);
  /// Its colour rule, null where it has none.
  const inspect::ColorRule* color_rule(std::size_t panel) const;
  const inspect::ResolvedLimits& limits(std::size_t panel);

  QImage image(double ratio);
  bool hasHeightForWidth() const override { return false; }

 Q_SIGNALS:
  void cursor_text(const QString& text);
  void hovered(const hyena::inspect::Selection& selection);
  void picked(const hyena::inspect::Selection& selection);
  void focus_panel_changed();
  void figure_changed();
  void cancel_asked();
  void details_asked();

 protected:
  void paintEvent(QPaintEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;
  void wheelEvent(QWheelEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void mouseReleaseEvent(QMouseEvent* event) override;
  void mouseDoubleClickEvent(QMouseEvent* event) override;
  void leaveEvent(QEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;

 private:
  void relayout();
  void recolor();
  void reshow();
  const inspect::PanelLayout* panel_at(QPointF pixel) const;
  inspect::Selection selection_at(QPointF pixel) const;
  void paint_figure(QPainter& painter);
  void paint_cursor(QPainter& painter) const;
  void paint_loading(QPainter& painter) const;
  void paint_empty(QPainter& painter) const;
  void paint_error(QPainter& painter) const;

  std::unique_ptr<inspect::FigurePainter> painter_;
  inspect::Figure figure_, colored_;
  inspect::FigureLayout layout_;
  ZoomState zoom_;
  std::map<std::size_t, ColorChoice> choices_;
  std::function<inspect::Selection(const inspect::Figure&, std::size_t, double, double)> pick_;
  std::optional<train::JobError> error_;
  train::JobProgress progress_;
  QString empty_sentence_, empty_hint_;
  QTimer show_loading_;
  bool busy_ = false, loading_shown_ = false;
  std::size_t focused_ = 0;
  std::optional<QPointF> mouse_, pressed_, locked_;
  QPointF dragged_;
  bool dragging_ = false;
  CursorFacts cursor_;
};

}  // namespace hyena::app
