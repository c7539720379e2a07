#include "app/views/limits_panel.h"

#include <algorithm>
#include <array>
#include <variant>

#include <QApplication>
#include <QClipboard>
#include <QComboBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QPainter>
#include <QPushButton>
#include <QVBoxLayout>
#include <nlohmann/json.hpp>

#include "app/look/look.h"
#include "app/views/limits_histogram.h"

namespace hyena::app {

using namespace Qt::StringLiterals;

namespace {

struct Policy {
  const char* name;
  const char* policy;
  double percentile;
};
constexpr std::array kPolicies{Policy{QT_TR_NOOP("All values"), "data", 99.5},
                               Policy{QT_TR_NOOP("99.5 %"), "percentile", 99.5},
                               Policy{QT_TR_NOOP("98 %"), "percentile", 98},
                               Policy{QT_TR_NOOP("Fixed"), "fixed", 99.5}};

const inspect::Array* values_of(const inspect::Panel& panel) {
  if (const auto* map = std::get_if<inspect::HeatMap>(&panel.content)) return &map->cells;
  if (const auto* strip = std::get_if<inspect::TokenStrip>(&panel.content)) return &strip->values;
  const auto* picture = std::get_if<inspect::Picture>(&panel.content);
  return picture && picture->overlaid ? &picture->overlay.cells : nullptr;
}

QIcon swatch(const inspect::ColorMap& map) {
  QPixmap out(48, 16);
  QPainter painter(&out);
  for (int x = 0; x < 48; ++x) painter.fillRect(x, 0, 1, 16, inspect::to_qt(map.at(x / 47.0)));
  return out;
}

}  // namespace

LimitsPanel::LimitsPanel(QWidget* parent) : QWidget(parent) {
  auto* outer = new QVBoxLayout(this);
  outer->setContentsMargins(12, 10, 12, 12);
  none_ = new QLabel(tr("Click a coloured panel of a figure to set its colours."));
  none_->setWordWrap(true);
  none_->setForegroundRole(QPalette::PlaceholderText);
  outer->addWidget(none_);
  body_ = new QWidget;
  outer->addWidget(body_);
  outer->addStretch(1);
  auto* rows = new QVBoxLayout(body_);
  rows->setContentsMargins(0, 0, 0, 0);
  rows->setSpacing(6);
  histogram_ = new LimitsHistogram;
  rows->addWidget(histogram_);
  const auto row = [rows](const QString& name, QWidget* editor) {
    auto* line = new QHBoxLayout;
    line->setSpacing(8);
    auto* label = new QLabel(name);
    label->setFixedWidth(88);
    line->addWidget(label);
    line->addWidget(editor, 1);
    editor->setAccessibleName(name);
    rows->addLayout(line);
  };
  policy_ = new QComboBox;
  for (const auto& policy : kPolicies) policy_->addItem(tr(policy.name));
  row(tr("Policy"), policy_);
  scope_ = new QLabel;
  scope_->setMinimumHeight(24);
  row(tr("Scope"), scope_);
  map_ = new QComboBox;
  map_->setIconSize(QSize(48, 16));
  for (auto* box : {policy_, map_}) {
    box->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    box->setMinimumContentsLength(5);
  }
  for (const auto& map : inspect::color_maps()) {
    map_->addItem(swatch(map), QString::fromStdString(map.name));
  }
  row(tr("Colours"), map_);
  counts_ = new QLabel;
  counts_->setForegroundRole(QPalette::PlaceholderText);
  rows->addWidget(counts_);
  auto* buttons = new QHBoxLayout;
  buttons->setSpacing(8);
  reset_ = new QPushButton(tr("Reset"));
  reset_->setProperty("key", u"0"_s);
  copy_ = new QPushButton(tr("Copy"));
  paste_ = new QPushButton(tr("Paste"));
  for (auto* button : {reset_, copy_, paste_}) {
    button->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Fixed);  // they share the dock's width
    buttons->addWidget(button, 1);
  }
  rows->addLayout(buttons);

  connect(policy_, &QComboBox::activated, this, [this](int index) {
    change([&](ColorChoice& choice) {
      const auto& policy = kPolicies[static_cast<std::size_t>(index)];
      auto limits = widget_->color_rule(widget_->focused_panel())->limits;
      const auto now = widget_->limits(widget_->focused_panel());
      limits.policy = policy.policy;
      limits.percentile = policy.percentile;
      limits.low = now.low;
      limits.high = now.high;
      choice.limits = limits;
    });
  });
  connect(map_, &QComboBox::textActivated, this, [this](const QString& name) {
    change([&](ColorChoice& choice) { choice.map = name.toStdString(); });
  });
  connect(histogram_, &LimitsHistogram::ends_dragged, this, [this](double low, double high) {
    change([&](ColorChoice& choice) {
      auto limits = widget_->color_rule(widget_->focused_panel())->limits;
      limits.policy = "fixed";
      limits.low = low;
      limits.high = high;
      choice.limits = limits;
    });
  });
  connect(reset_, &QPushButton::clicked, this, &LimitsPanel::reset);
  connect(copy_, &QPushButton::clicked, this, &LimitsPanel::copy);
  connect(paste_, &QPushButton::clicked, this, &LimitsPanel::paste);
  connect(&Look::instance(), &Look::changed, this, &LimitsPanel::refresh);
  refresh();
}

void LimitsPanel::show_figure(FigureWidget* widget) {
  if (widget_) widget_->disconnect(this);
  widget_ = widget;
  if (widget_) {
    connect(widget_, &FigureWidget::figure_changed, this, &LimitsPanel::refresh);
    connect(widget_, &FigureWidget::focus_panel_changed, this, &LimitsPanel::refresh);
    connect(widget_, &QObject::destroyed, this, [this, widget] {
      if (widget_ == widget) widget_ = nullptr;
    });
  }
  refresh();
}

void LimitsPanel::refresh() {
  const auto* rule =
      widget_ && widget_->has_figure() ? widget_->color_rule(widget_->focused_panel()) : nullptr;
  body_->setVisible(rule != nullptr);
  none_->setVisible(rule == nullptr);
  if (!rule) return;
  const auto index = widget_->focused_panel();
  const auto& panel = widget_->figure().panels[index];
  const auto& limits = widget_->limits(index);
  const bool picture = std::holds_alternative<inspect::Picture>(panel.content);
  const auto& map = inspect::color_map_for(*rule, Look::instance().colors().dark, picture);
  histogram_->show_values(*values_of(panel), limits, map, rule->limits.symmetric);
  int chosen = static_cast<int>(kPolicies.size()) - 1;
  for (int i = 0; i < static_cast<int>(kPolicies.size()); ++i) {
    const auto& policy = kPolicies[static_cast<std::size_t>(i)];
    if (rule->limits.policy == policy.policy &&
        (rule->limits.policy != "percentile" || rule->limits.percentile >= policy.percentile)) {
      chosen = i;
      break;
    }
  }
  policy_->setCurrentIndex(chosen);
  map_->setCurrentText(QString::fromStdString(map.name));
  scope_->setText(rule->limits.scope == "map"     ? tr("this map")
                  : rule->limits.scope == "layer" ? tr("the layer")
                                                  : tr("the model"));
  counts_->setText(tr("%1 % clipped · %2 NaN")
                       .arg(QString::number(100 * limits.clipped(), 'f', 2))
                       .arg(limits.nan));
}

void LimitsPanel::change(const std::function<void(ColorChoice&)>& change) {
  if (!widget_ || !widget_->has_figure()) return;
  auto choice = widget_->color_choice(widget_->focused_panel());
  change(choice);
  widget_->set_color_choice(widget_->focused_panel(), choice);
}

void LimitsPanel::next_map() {
  if (body_->isHidden()) return;
  const int next = (map_->currentIndex() + 1) % map_->count();
  change([&](ColorChoice& choice) { choice.map = map_->itemText(next).toStdString(); });
}

void LimitsPanel::reset() {
  change([](ColorChoice& choice) { choice = {}; });
}

void LimitsPanel::copy() {
  if (!widget_ || !widget_->has_figure()) return;
  const auto index = widget_->focused_panel();
  const auto& limits = widget_->limits(index);
  const nlohmann::json text{
      {"low", limits.low}, {"high", limits.high}, {"map", map_->currentText().toStdString()}};
  QApplication::clipboard()->setText(QString::fromStdString(text.dump()));
}

void LimitsPanel::paste() {
  const auto text = nlohmann::json::parse(QApplication::clipboard()->text().toStdString(), nullptr,
                                          /*allow_exceptions=*/false);
  if (!text.is_object() || !text.contains("low") || !text.contains("high") ||
      !text["low"].is_number() || !text["high"].is_number() || text["low"] >= text["high"]) {
    counts_->setText(tr("The clipboard holds no limits; Copy makes some."));
    return;
  }
  change([&](ColorChoice& choice) {
    auto limits = widget_->color_rule(widget_->focused_panel())->limits;
    limits.policy = "fixed";
    limits.low = text["low"];
    limits.high = text["high"];
    choice.limits = limits;
  });
}

}  // namespace hyena::app
