#include "app/figurewidget/figure_widget.h"

#include <cmath>
#include <utility>
#include <variant>

#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QWheelEvent>

#include "app/look/look.h"
#include "inspect/figure/figure_text.h"

namespace hyena::app {

using namespace Qt::StringLiterals;

namespace {

constexpr int kShowLoadingAfter = 300;  // milliseconds
constexpr double kNotchFactor = 0.8;

inspect::ColorRule* rule_of(inspect::Panel& panel) {
  if (auto* map = std::get_if<inspect::HeatMap>(&panel.content)) return &map->color;
  if (auto* strip = std::get_if<inspect::TokenStrip>(&panel.content)) return &strip->color;
  auto* picture = std::get_if<inspect::Picture>(&panel.content);
  return picture && picture->overlaid ? &picture->overlay.color : nullptr;
}

}  // namespace

FigureWidget::FigureWidget(QWidget* parent) : QWidget(parent) {
  setMouseTracking(true);
  setFocusPolicy(Qt::StrongFocus);
  setMinimumSize(320, 160);
  setAccessibleName(tr("Figure"));
  show_loading_.setSingleShot(true);
  show_loading_.setInterval(kShowLoadingAfter);
  connect(&show_loading_, &QTimer::timeout, this, [this] {
    loading_shown_ = true;
    update();
  });
  connect(&Look::instance(), &Look::changed, this, [this] {
    if (painter_) painter_->set_theme(Look::instance().theme());
    relayout();
  });
}

FigureWidget::~FigureWidget() = default;

void FigureWidget::set_figure(inspect::Figure figure, bool keep_zoom) {
  error_.reset();
  set_busy(false);
  figure_ = std::move(figure);
  if (!keep_zoom) {
    choices_.clear();
    focused_ = 0;
    while (focused_ < figure_.panels.size() && !rule_of(figure_.panels[focused_])) ++focused_;
    if (focused_ >= figure_.panels.size()) focused_ = 0;
  }
  zoom_.set_figure(figure_, keep_zoom);
  locked_.reset();
  recolor();
  setAccessibleDescription(QString::fromStdString(inspect::describe(figure_)));
  Q_EMIT figure_changed();
}

void FigureWidget::clear() {
  painter_.reset();
  figure_ = colored_ = {};
  error_.reset();
  set_busy(false);
  update();
  Q_EMIT figure_changed();
}

void FigureWidget::recolor() {
  colored_ = figure_;
  for (const auto& [panel, choice] : choices_) {
    if (panel >= colored_.panels.size()) continue;
    auto* rule = rule_of(colored_.panels[panel]);
    if (!rule) continue;
    if (choice.limits) rule->limits = *choice.limits;
    if (!choice.map.empty()) rule->map = choice.map;
  }
  const auto& theme = Look::instance().theme();
  const inspect::PaintOptions options{.heading = false};
  if (painter_) {
    painter_->set_figure(colored_);
  } else {
    painter_ = std::make_unique<inspect::FigurePainter>(colored_, theme, options);
  }
  painter_->set_theme(theme);
  zoom_.learn(painter_->layout(size()));
  reshow();
}

/// The painter with the zoomed ranges.
void FigureWidget::reshow() {
  if (!painter_) return;
  painter_->set_figure(zoom_.applied(colored_));
  relayout();
}

void FigureWidget::relayout() {
  if (painter_) layout_ = painter_->layout(size());
  update();
}

void FigureWidget::resizeEvent(QResizeEvent* /*event*/) {
  relayout();
}

void FigureWidget::set_pick(
    std::function<inspect::Selection(const inspect::Figure&, std::size_t, double, double)> pick) {
  pick_ = std::move(pick);
}

void FigureWidget::set_empty_text(const QString& sentence, const QString& hint) {
  empty_sentence_ = sentence;
  empty_hint_ = hint;
  update();
}

void FigureWidget::set_busy(bool busy) {
  if (busy == busy_) return;
  busy_ = busy;
  loading_shown_ = false;
  progress_ = {};
  busy ? show_loading_.start() : show_loading_.stop();
  update();
}

void FigureWidget::set_progress(const train::JobProgress& progress) {
  progress_ = progress;
  if (loading_shown_) update();
}

void FigureWidget::set_error(const train::JobError& error) {
  set_busy(false);
  error_ = error;
  update();
}

void FigureWidget::clear_error() {
  error_.reset();
  update();
}

const ColorChoice& FigureWidget::color_choice(std::size_t panel) const {
  static const ColorChoice none;
  const auto found = choices_.find(panel);
  return found == choices_.end() ? none : found->second;
}

void FigureWidget::set_color_choice(std::size_t panel, const ColorChoice& choice) {
  choices_[panel] = choice;
  if (!painter_) return;
  recolor();
  Q_EMIT figure_changed();
}

const inspect::ColorRule* FigureWidget::color_rule(std::size_t panel) const {
  if (panel >= colored_.panels.size()) return nullptr;
  return rule_of(const_cast<inspect::Panel&>(colored_.panels[panel]));
}

const inspect::ResolvedLimits& FigureWidget::limits(std::size_t panel) {
  return painter_->limits(panel);
}

QImage FigureWidget::image(double ratio) {
  QImage out(size() * ratio, QImage::Format_RGB32);
  out.setDevicePixelRatio(ratio);
  out.fill(Look::instance().theme().page);
  if (painter_) {
    QPainter painter(&out);
    painter_->paint(painter, layout_);
  }
  return out;
}

const inspect::PanelLayout* FigureWidget::panel_at(QPointF pixel) const {
  const auto index = painter_ ? layout_.panel_at(pixel) : -1;
  if (index < 0) return nullptr;
  for (const auto& panel : layout_.panels) {
    if (panel.panel == static_cast<std::size_t>(index)) return &panel;
  }
  return nullptr;
}

inspect::Selection FigureWidget::selection_at(QPointF pixel) const {
  const auto* panel = panel_at(pixel);
  if (!panel || !pick_) return {};
  const auto item = panel->item_at(pixel);
  if (item < 0 && !panel->plot.contains(pixel)) return {};
  const auto units = panel->to_units(pixel);
  return pick_(colored_, panel->panel, units.x(), units.y());
}

void FigureWidget::wheelEvent(QWheelEvent* event) {
  const auto* panel = panel_at(event->position());
  if (!panel || !panel->plot.contains(event->position()) || !zoom_.can_zoom(panel->panel)) {
    event->ignore();
    return;
  }
  const double notches = (event->angleDelta().y() + event->angleDelta().x()) / 120.0;
  const auto keys = event->modifiers();
  const auto copy = *panel;
  if (!keys.testFlag(Qt::ShiftModifier)) {
    zoom_.zoom(copy, event->position(), std::pow(kNotchFactor, notches), false);
  }
  if (keys & (Qt::ShiftModifier | Qt::ControlModifier)) {
    zoom_.zoom(copy, event->position(), std::pow(kNotchFactor, notches), true);
  }
  reshow();
  event->accept();
}

void FigureWidget::mousePressEvent(QMouseEvent* event) {
  if (event->button() != Qt::LeftButton) return;
  pressed_ = dragged_ = event->position();
  dragging_ = false;
  if (const auto* panel = panel_at(event->position()); panel && panel->panel != focused_) {
    focused_ = panel->panel;
    Q_EMIT focus_panel_changed();
  }
}

void FigureWidget::mouseMoveEvent(QMouseEvent* event) {
  const auto at = event->position();
  if (pressed_ && (dragging_ || (at - *pressed_).manhattanLength() > 4)) {
    dragging_ = true;
    if (const auto* panel = panel_at(*pressed_)) {
      zoom_.pan(*panel, dragged_, at);
      dragged_ = at;
      reshow();
    }
    return;
  }
  mouse_ = at;
  const auto* panel = panel_at(at);
  cursor_ = panel ? cursor_facts(colored_.panels[panel->panel], *panel, at) : CursorFacts{};
  Q_EMIT cursor_text(cursor_.value.isEmpty() ? cursor_.place
                                             : cursor_.place + u"   "_s + cursor_.value);
  if (!locked_) Q_EMIT hovered(selection_at(at));
  update();
}

void FigureWidget::mouseReleaseEvent(QMouseEvent* event) {
  if (event->button() != Qt::LeftButton || !pressed_) return;
  pressed_.reset();
  if (std::exchange(dragging_, false)) return;
  if (error_) {
    Q_EMIT details_asked();
    return;
  }
  Q_EMIT picked(selection_at(event->position()));
}

void FigureWidget::mouseDoubleClickEvent(QMouseEvent* /*event*/) {
  zoom_.reset();
  reshow();
}

void FigureWidget::leaveEvent(QEvent* /*event*/) {
  mouse_.reset();
  cursor_ = {};
  Q_EMIT cursor_text({});
  Q_EMIT hovered({});
  update();
}

void FigureWidget::keyPressEvent(QKeyEvent* event) {
  switch (event->key()) {
    case Qt::Key_Escape:
      if (busy_) {
        Q_EMIT cancel_asked();
      } else if (zoom_.zoomed()) {
        zoom_.reset();
        reshow();
      } else if (locked_) {
        locked_.reset();
        update();
      } else {
        QWidget::keyPressEvent(event);
      }
      break;
    case Qt::Key_Space:
      locked_ = locked_ ? std::nullopt : mouse_;
      update();
      break;
    default:
      QWidget::keyPressEvent(event);
  }
}

}  // namespace hyena::app
