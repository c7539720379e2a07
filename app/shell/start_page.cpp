#include "app/shell/start_page.h"

#include <QCheckBox>
#include <QCoreApplication>
#include <QDir>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QLabel>
#include <QPainter>
#include <QPushButton>
#include <QThread>
#include <QVBoxLayout>

#include "app/look/look.h"
#include "app/shell/drop_target.h"
#include "app/shell/start_row.h"

namespace hyena::app {

using namespace Qt::StringLiterals;

namespace {

/// The list's frame with its head.
class RecentFrame : public QWidget {
 protected:
  void paintEvent(QPaintEvent* /*event*/) override {
    QPainter p(this);
    p.setRenderHint(QPainter::Antialiasing);
    p.setPen(QPen(colors().line, 1));
    p.setBrush(colors().base);
    p.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4);
    RecentRow::paint_head(p, QRect(0, 0, width(), 26));
  }
};

/// Where scripts/demo puts its models: below the working folder, or the program's own.
QString find_sample(const QString& name) {
  for (const auto& root :
       {QDir::currentPath(), QCoreApplication::applicationDirPath() + "/../../.."_L1}) {
    const QFileInfo file(root + "/output/"_L1 + name + "/best.safetensors"_L1);
    if (file.exists()) return file.canonicalFilePath();
  }
  return {};
}

void empty(QVBoxLayout* rows) {
  while (auto* item = rows->takeAt(0)) {
    delete item->widget();
    delete item;
  }
}

}  // namespace

StartPage::StartPage(Settings& settings, QWidget* parent) : QWidget(parent), settings_(settings) {
  setAutoFillBackground(true);
  setBackgroundRole(QPalette::AlternateBase);
  auto* outer = new QVBoxLayout(this);
  outer->setContentsMargins(96, 0, 96, 0);
  outer->addStretch(2);
  auto* head = new QHBoxLayout;
  auto* names = new QVBoxLayout;
  names->setSpacing(4);
  auto* title = new QLabel(tr("Hyena Studio"));
  title->setFont(sans(24, Weight::semibold));
  names->addWidget(title);
  names->addWidget(
      new QLabel(tr("Look inside vision and language models built on long convolutions.")));
  head->addLayout(names);
  head->addStretch(1);
  auto* version = new QLabel(tr("version %1 · CPU, %2 threads")
                                 .arg(QStringLiteral(HYENA_VERSION))
                                 .arg(QThread::idealThreadCount()));
  version->setFont(sans(12));
  version->setForegroundRole(QPalette::PlaceholderText);
  head->addWidget(version, 0, Qt::AlignBottom);
  outer->addLayout(head);
  outer->addSpacing(36);

  auto* middle = new QHBoxLayout;
  middle->setSpacing(32);
  auto* drop = new DropTarget;
  connect(drop, &DropTarget::open_asked, this, &StartPage::open_asked);
  middle->addWidget(drop, 32, Qt::AlignTop);
  auto* recent = new QVBoxLayout;
  recent->setSpacing(8);
  recent_rows_ = recent;
  middle->addLayout(recent, 66);
  outer->addLayout(middle);
  outer->addSpacing(36);
  sample_rows_ = new QVBoxLayout;
  sample_rows_->setSpacing(8);
  outer->addLayout(sample_rows_);
  outer->addSpacing(28);

  auto* foot = new QHBoxLayout;
  auto* keys =
      new QLabel(tr("F1  all keys      Ctrl O  open      F6  next area      F11  full screen"));
  keys->setFont(sans(12));
  keys->setForegroundRole(QPalette::PlaceholderText);
  foot->addWidget(keys);
  foot->addStretch(1);
  auto* show = new QCheckBox(tr("Show this page at start"));
  show->setToolTip(tr("Off: the model opened last is opened again"));
  show->setChecked(settings_.show_start_page());
  connect(show, &QCheckBox::toggled, this, [this](bool on) { settings_.set_show_start_page(on); });
  foot->addWidget(show);
  outer->addLayout(foot);
  outer->addStretch(3);
  connect(&Look::instance(), &Look::changed, this, &StartPage::refresh);
  refresh();
}

QString StartPage::recent_path(int row) const {
  return row >= 0 && row < recent_.size() ? recent_[row].path : QString();
}

void StartPage::refresh() {
  recent_ = settings_.recent();
  build_recent();
  build_samples();
}

void StartPage::build_recent() {
  empty(recent_rows_);
  auto* head = new QWidget;
  auto* line = new QHBoxLayout(head);
  line->setContentsMargins(0, 0, 0, 0);
  auto* title = new QLabel(tr("Recent"));
  title->setFont(sans(15, Weight::semibold));
  line->addWidget(title);
  line->addStretch(1);
  if (!recent_.isEmpty()) {
    auto* clear = new QPushButton(tr("Clear list"));
    clear->setFlat(true);
    line->addWidget(clear);
    connect(clear, &QPushButton::clicked, this, [this] {
      settings_.clear_recent();
      // Not now: the button is one of the things that refresh() deletes.
      QMetaObject::invokeMethod(this, &StartPage::refresh, Qt::QueuedConnection);
    });
  }
  recent_rows_->addWidget(head);
  auto* frame = new RecentFrame;
  auto* rows = new QVBoxLayout(frame);
  rows->setContentsMargins(0, 28, 0, 1);
  rows->setSpacing(0);
  for (int i = 0; i < std::min<int>(static_cast<int>(recent_.size()), 6); ++i) {
    auto* row = new RecentRow(recent_[i], i + 1);
    connect(row, &QAbstractButton::clicked, this,
            [this, path = recent_[i].path] { Q_EMIT file_chosen(path); });
    rows->addWidget(row);
  }
  if (recent_.isEmpty()) {
    auto* none = new QLabel(tr("Models that you open are listed here."));
    none->setAlignment(Qt::AlignCenter);
    none->setForegroundRole(QPalette::PlaceholderText);
    none->setFixedHeight(64);
    rows->addWidget(none);
  }
  recent_rows_->addWidget(frame);
  auto* note = new QLabel(tr("Files are recognised by content, not by name."));
  note->setFont(sans(12));
  note->setForegroundRole(QPalette::PlaceholderText);
  recent_rows_->addWidget(note);
  recent_rows_->addStretch(1);
}

void StartPage::build_samples() {
  empty(sample_rows_);
  auto* title = new QLabel(tr("Samples"));
  title->setFont(sans(15, Weight::semibold));
  sample_rows_->addWidget(title);
  auto* line = new QWidget;
  auto* row = new QHBoxLayout(line);
  row->setContentsMargins(0, 0, 0, 0);
  row->setSpacing(16);
  struct Known {
    QString title, about, folder, script;
    const char* glyph;
  };
  for (const auto& known : {Known{tr("Fashion pictures"), tr("28 × 28, 10 classes"), u"demo"_s,
                                  u"scripts/demo"_s, "picture"},
                            Known{tr("Character storyteller"), tr("text, one token a character"),
                                  u"demo-text"_s, u"scripts/demo"_s, "text"}}) {
    const auto path = find_sample(known.folder);
    auto* card = new SampleCard({.title = known.title,
                                 .line = known.about,
                                 .hint = path.isEmpty() ? tr("not here: run %1").arg(known.script)
                                                        : tr("ready in a second"),
                                 .path = path,
                                 .here = !path.isEmpty(),
                                 .glyph = known.glyph});
    connect(card, &QAbstractButton::clicked, this, [this, path] { Q_EMIT file_chosen(path); });
    row->addWidget(card, 1);
  }
  row->addStretch(1);
  sample_rows_->addWidget(line);
}

}  // namespace hyena::app
