#include "app/shell/input_panel.h"

#include <QApplication>
#include <QFile>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QImageReader>
#include <QLabel>
#include <QLineEdit>
#include <QListWidget>
#include <QPointer>
#include <QPushButton>
#include <QStackedWidget>
#include <QVBoxLayout>

#include "app/look/icons.h"
#include "app/look/look.h"
#include "app/shell/token_strip.h"

namespace hyena::app {

using namespace Qt::StringLiterals;

namespace {

constexpr int kThumbnail = 60;
constexpr qint64 kTextBytes = 65536;

}  // namespace

InputPanel::InputPanel(ModelStore& store, SharedSelection& selection, QWidget* parent)
    : QWidget(parent),
      store_(store),
      selection_(selection),
      stack_(new QStackedWidget),
      text_(new QLineEdit),
      tokens_(new TokenStripWidget),
      pictures_(new QListWidget),
      error_(new QLabel),
      thumbnails_([](const train::JobEvent&) {}) {
  auto* page = new QVBoxLayout(this);
  page->setContentsMargins(0, 0, 0, 0);
  page->setSpacing(0);
  page->addWidget(stack_);

  auto* nothing = new QLabel(tr("Open a model; then a text or a picture can be given to it here."));
  nothing->setAlignment(Qt::AlignCenter);
  nothing->setForegroundRole(QPalette::PlaceholderText);
  stack_->addWidget(nothing);

  auto* words = new QWidget;
  auto* lines = new QVBoxLayout(words);
  lines->setContentsMargins(0, 10, 0, 0);
  lines->setSpacing(4);
  auto* line = new QHBoxLayout;
  line->setContentsMargins(16, 0, 16, 0);
  line->setSpacing(8);
  text_->setPlaceholderText(tr("Text for the model; Enter uses it"));
  text_->setAccessibleName(tr("Text for the model"));
  line->addWidget(text_, 1);
  auto* use = new QPushButton(tr("Use"));
  use->setProperty("key", u"Enter"_s);
  line->addWidget(use);
  lines->addLayout(line);
  lines->addWidget(tokens_);
  error_->setContentsMargins(16, 0, 16, 4);
  error_->setWordWrap(true);
  error_->hide();
  lines->addWidget(error_);
  lines->addStretch(1);
  stack_->addWidget(words);

  auto* gallery = new QWidget;
  auto* row = new QHBoxLayout(gallery);
  row->setContentsMargins(16, 8, 16, 8);
  row->setSpacing(12);
  auto* add = new QPushButton(icon("picture"), tr("Add pictures …"));
  row->addWidget(add, 0, Qt::AlignTop);
  pictures_->setViewMode(QListView::IconMode);
  pictures_->setFlow(QListView::LeftToRight);
  pictures_->setWrapping(false);
  pictures_->setMovement(QListView::Static);
  pictures_->setIconSize(QSize(kThumbnail, kThumbnail));
  pictures_->setSpacing(6);
  pictures_->setUniformItemSizes(true);
  pictures_->setFrameShape(QFrame::NoFrame);
  pictures_->setAccessibleName(tr("Pictures"));
  auto palette = pictures_->palette();
  palette.setBrush(QPalette::Base, Qt::transparent);
  pictures_->setPalette(palette);
  row->addWidget(pictures_, 1);
  stack_->addWidget(gallery);

  const auto use_text = [this] {
    if (model_ && !text_->text().isEmpty()) model_->set_text(text_->text());
  };
  connect(text_, &QLineEdit::returnPressed, this, use_text);
  connect(use, &QPushButton::clicked, this, use_text);
  connect(add, &QPushButton::clicked, this, &InputPanel::open_pictures_asked);
  connect(tokens_, &TokenStripWidget::chosen, this,
          [this](qint64 token) { selection_.choose({.token = token}); });
  connect(&selection_, &SharedSelection::changed, this,
          [this] { tokens_->set_chosen(selection_.chosen().token); });
  connect(pictures_, &QListWidget::currentItemChanged, this, [this](QListWidgetItem* item) {
    if (item && model_) model_->set_picture(item->data(Qt::UserRole).toString());
  });
  connect(&store_, &ModelStore::current_changed, this, &InputPanel::follow);
  connect(&store_, &ModelStore::model_changed, this, &InputPanel::follow);
  follow();
}

void InputPanel::follow() {
  auto* model = store_.current();
  if (model && !model->ready()) model = nullptr;
  stack_->setCurrentIndex(!model ? 0 : model->facts().vision() ? 2 : 1);
  if (model == model_) return;
  if (model_) model_->disconnect(this);
  model_ = model;
  if (model_) {
    connect(model_, &LoadedModel::input_changed, this, &InputPanel::show_input);
    connect(model_, &QObject::destroyed, this, [this, model] {
      if (model_ == model) model_ = nullptr;
    });
    if (model_->input().empty()) {
      if (model_->facts().vision()) {
        if (auto* item = pictures_->currentItem()) {
          model_->set_picture(item->data(Qt::UserRole).toString());
        }
      } else if (!text_->text().isEmpty()) {
        model_->set_text(text_->text());
      }
    }
  }
  show_input();
}

void InputPanel::show_input() {
  const auto wrong = model_ ? model_->input_error() : QString();
  error_->setText(wrong);
  error_->setVisible(!wrong.isEmpty());
  auto palette = error_->palette();
  palette.setColor(QPalette::WindowText, colors().error);
  error_->setPalette(palette);
  tokens_->set_pieces(model_ ? model_->input().pieces : std::vector<std::string>());
  Q_EMIT summary_changed();
}

QString InputPanel::summary() const {
  if (!model_ || model_->input().empty()) return {};
  const auto& input = model_->input();
  if (!model_->facts().vision()) return tr("%1 tokens").arg(input.pieces.size());
  return QFileInfo(input.name).fileName();
}

void InputPanel::set_text(const QString& text) {
  text_->setText(text);
  if (model_ && !model_->facts().vision() && !text.isEmpty()) model_->set_text(text);
}

void InputPanel::open_text(const QString& file) {
  thumbnails_.submit(
      {.title = "text", .work = [panel = QPointer(this), file](const train::JobContext&) {
         QFile in(file);
         const auto bytes = in.open(QIODevice::ReadOnly) ? in.read(kTextBytes) : QByteArray();
         QMetaObject::invokeMethod(qApp, [panel, text = QString::fromUtf8(bytes)] {
           if (panel) panel->set_text(text);
         });
         return std::any();
       }});
}

void InputPanel::step_picture(int by) {
  const int next = pictures_->currentRow() + by;
  if (next >= 0 && next < pictures_->count()) pictures_->setCurrentRow(next);
}

void InputPanel::add_pictures(const QStringList& files) {
  const int first = pictures_->count();
  for (const auto& file : files) {
    auto* item = new QListWidgetItem(icon("picture"), QString(), pictures_);
    item->setData(Qt::UserRole, file);
    item->setToolTip(file);
    item->setData(Qt::AccessibleTextRole, QFileInfo(file).fileName());
    item->setSizeHint(QSize(kThumbnail + 6, kThumbnail + 6));
    thumbnails_.submit({.title = "thumbnail",
                        .work = [list = QPointer(pictures_), file](const train::JobContext&) {
                          QImageReader reader(file);
                          const auto size = reader.size();
                          if (size.isValid()) {
                            reader.setScaledSize(
                                size.scaled(kThumbnail * 2, kThumbnail * 2, Qt::KeepAspectRatio));
                          }
                          const auto picture = reader.read();
                          if (!picture.isNull()) {
                            QMetaObject::invokeMethod(qApp, [list, file, picture] {
                              for (int i = 0; list && i < list->count(); ++i) {
                                if (list->item(i)->data(Qt::UserRole).toString() == file) {
                                  list->item(i)->setIcon(QIcon(QPixmap::fromImage(picture)));
                                }
                              }
                            });
                          }
                          return std::any();
                        }});
  }
  if (!files.isEmpty()) pictures_->setCurrentRow(first);
}

}  // namespace hyena::app
