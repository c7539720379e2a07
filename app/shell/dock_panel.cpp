#include "app/shell/dock_panel.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QPainter>
#include <QToolButton>

#include "app/look/icons.h"
#include "app/look/look.h"

namespace hyena::app {
namespace {

/// 32 high, with a line below.
class TitleLine : public QWidget {
 public:
  // A dock asks for the hint, not for a fixed height.
  QSize sizeHint() const override { return {120, 32}; }
  QSize minimumSizeHint() const override { return {60, 32}; }

 protected:
  void paintEvent(QPaintEvent* /*event*/) override {
    QPainter painter(this);
    painter.fillRect(rect(), colors().panel);
    painter.fillRect(QRect(0, height() - 1, width(), 1), colors().line);
  }
};

}  // namespace

DockPanel::DockPanel(const QString& name, const QString& title, QWidget* content, QWidget* parent)
    : QDockWidget(title, parent), subtitle_(new QLabel) {
  setObjectName(name);
  setAccessibleName(title);
  content->setAutoFillBackground(true);
  content->setBackgroundRole(QPalette::AlternateBase);
  setWidget(content);
  auto* line = new TitleLine;
  auto* row = new QHBoxLayout(line);
  row->setContentsMargins(12, 0, 8, 1);
  row->setSpacing(6);
  auto* label = new QLabel(title);
  label->setFont(sans(12, Weight::semibold));
  row->addWidget(label);
  subtitle_->setFont(sans(12));
  subtitle_->setForegroundRole(QPalette::PlaceholderText);
  subtitle_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
  row->addWidget(subtitle_, 1);
  const auto tool = [row](const char* glyph, const QString& text) {
    auto* button = new QToolButton;
    button->setIcon(icon(glyph));
    button->setIconSize(QSize(12, 12));
    button->setAutoRaise(true);
    button->setFixedSize(20, 20);
    button->setToolTip(text);
    button->setAccessibleName(text);
    row->addWidget(button);
    return button;
  };
  connect(tool("float", tr("Float or dock")), &QToolButton::clicked, this,
          [this] { setFloating(!isFloating()); });
  connect(tool("close", tr("Close; the Window menu brings it back")), &QToolButton::clicked, this,
          &QDockWidget::close);
  setTitleBarWidget(line);
}

void DockPanel::set_subtitle(const QString& text) {
  subtitle_->setText(text);
}

}  // namespace hyena::app
