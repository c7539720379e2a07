#include "app/views/view_page.h"

#include <QApplication>
#include <QClipboard>
#include <QContextMenuEvent>
#include <QFileDialog>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QMenu>
#include <QPushButton>
#include <QScrollArea>
#include <QStackedWidget>
#include <QTableView>
#include <QToolButton>
#include <QVBoxLayout>

#include "app/figurewidget/figure_table.h"
#include "app/look/icons.h"
#include "app/look/look.h"
#include "app/views/parameter_panel.h"
#include "inspect/figure/figure_files.h"
#include "inspect/paint/export.h"

namespace hyena::app {

using namespace Qt::StringLiterals;
using nlohmann::json;

namespace {

constexpr int kWait = 100;  // milliseconds

QString new_slot() {
  static int last = 0;
  return u"view %1"_s.arg(++last);
}

}  // namespace

ViewPage::ViewPage(const inspect::View& view, ModelStore& store, SharedSelection& selection,
                   QWidget* parent)
    : QWidget(parent),
      view_(view),
      store_(store),
      selection_(selection),
      shared_(shared_fields(view)),
      slot_(new_slot()),
      subtitle_(new QLabel),
      figure_(new FigureWidget),
      stack_(new QStackedWidget),
      table_(new QTableView),
      rows_(new FigureTable(this)) {
  setAutoFillBackground(true);
  setBackgroundRole(QPalette::Base);
  build_head();
  figure_->set_pick(view.pick);
  figure_->setAccessibleName(QString::fromStdString(view.title));
  wait_.setSingleShot(true);
  wait_.setInterval(kWait);
  connect(&wait_, &QTimer::timeout, this, &ViewPage::ask);
  connect(&store_.bridge(), &JobBridge::event, this, &ViewPage::take);
  connect(&store_, &ModelStore::current_changed, this, &ViewPage::follow_model);
  connect(&store_, &ModelStore::model_changed, this, [this](LoadedModel* model) {
    if (model == store_.current() && model->ready() && model_ != model) follow_model();
  });
  const auto selection_moved = [this](bool own) {
    if (own || shared_.empty()) return;
    dirty_ = keep_zoom_ = true;
    if (isVisible()) wait_.start();
  };
  connect(&selection_, &SharedSelection::changed, this, [=] { selection_moved(false); });
  connect(&selection_, &SharedSelection::preview_changed, this,
          [this, selection_moved] { selection_moved(selection_.preview_source() == this); });
  connect(figure_, &FigureWidget::picked, &selection_, &SharedSelection::choose);
  connect(figure_, &FigureWidget::hovered, this,
          [this](const inspect::Selection& over) { selection_.preview(over, this); });
  connect(figure_, &FigureWidget::cursor_text, this, &ViewPage::cursor_text);
  connect(figure_, &FigureWidget::cancel_asked, this, &ViewPage::cancel);
  connect(figure_, &FigureWidget::focus_panel_changed, this, &ViewPage::fill_table);
  follow_model();
}

ViewPage::~ViewPage() {
  if (model_) model_->cancel_slot(slot_);
}

void ViewPage::build_head() {
  auto* page = new QVBoxLayout(this);
  page->setContentsMargins(0, 0, 0, 0);
  page->setSpacing(0);
  auto* head = new QHBoxLayout;
  head->setContentsMargins(16, 6, 16, 6);
  head->setSpacing(8);
  auto* title = new QLabel(QString::fromStdString(view_.title));
  title->setFont(sans(15, Weight::semibold));
  title->setToolTip(QString::fromStdString(view_.summary));
  head->addWidget(title);
  subtitle_->setFont(sans(12));
  subtitle_->setForegroundRole(QPalette::PlaceholderText);
  subtitle_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
  head->addWidget(subtitle_, 1);
  const auto tool = [head](const char* glyph, const QString& name) {
    auto* button = new QToolButton;
    button->setIcon(icon(glyph));
    button->setAutoRaise(true);
    button->setFixedSize(28, 28);
    button->setToolTip(name);
    button->setAccessibleName(name);
    head->addWidget(button);
    return button;
  };
  auto* as_table = tool("table", tr("Numbers as a table (T)"));
  as_table->setCheckable(true);
  connect(as_table, &QToolButton::toggled, this, &ViewPage::show_table);
  connect(tool("copy", tr("Copy the picture (Ctrl+Shift+C)")), &QToolButton::clicked, this,
          &ViewPage::copy_image);
  auto* exporter = new QPushButton(icon("export"), tr("Export"));
  exporter->setProperty("key", u"Ctrl E"_s);
  exporter->setToolTip(tr("PNG, SVG, PDF, CSV, NPY or JSON of what is shown"));
  head->addWidget(exporter);
  connect(exporter, &QPushButton::clicked, this, &ViewPage::ask_export);
  page->addLayout(head);

  auto* scroll = new QScrollArea;
  scroll->setWidgetResizable(true);
  scroll->setFrameShape(QFrame::NoFrame);
  scroll->setBackgroundRole(QPalette::Base);
  scroll->setWidget(figure_);
  stack_->addWidget(scroll);
  table_->setModel(rows_);
  table_->setFrameShape(QFrame::NoFrame);
  table_->setShowGrid(false);
  table_->verticalHeader()->setDefaultSectionSize(24);
  table_->setAccessibleName(tr("Numbers of the figure"));
  stack_->addWidget(table_);
  page->addWidget(stack_, 1);
}

void ViewPage::follow_model() {
  auto* model = store_.current();
  if (model && !model->ready()) model = nullptr;
  if (model_ && model_ != model) model_->cancel_slot(slot_);
  disconnect(input_link_);
  if (model != model_) {
    wanted_ = 0;
    figure_->clear();
    subtitle_->clear();
  }
  model_ = model;
  keep_zoom_ = false;
  if (model_) {
    input_link_ = connect(model_, &LoadedModel::input_changed, this, [this] {
      if (!view_.needs.input && !figure_->has_figure()) return;
      dirty_ = keep_zoom_ = true;
      if (isVisible()) wait_.start();
    });
  } else {
    figure_->set_empty_text(tr("Needs a model."), tr("Drop one here or press Ctrl+O."));
  }
  dirty_ = true;
  if (isVisible() && model_) wait_.start();
}

void ViewPage::set_parameters(const json& parameters) {
  if (parameters == parameters_) return;
  parameters_ = parameters;
  dirty_ = keep_zoom_ = true;
  if (isVisible()) draw_now();  // the panel has waited already
}

json ViewPage::request_parameters() const {
  auto out = parameters_;
  const auto selected = selection_.shown();
  for (const auto& name : shared_) {
    const auto value = name == "layer"     ? selected.layer
                       : name == "filter"  ? selected.filter
                       : name == "channel" ? selected.channel
                       : name == "token"   ? selected.token
                                           : selected.label;
    if (value >= 0) out[name] = value;
  }
  return out;
}

void ViewPage::draw_now() {
  wait_.stop();
  dirty_ = true;
  ask();
}

void ViewPage::ask() {
  if (!model_ || !dirty_) return;
  dirty_ = false;
  figure_->set_busy(true);
  figure_->clear_error();
  wanted_ = model_->submit(
      QString::fromStdString(view_.title), slot_,
      [&view = view_, parameters = request_parameters()](ModelRoom& room,
                                                         const train::JobContext& context) {
        const inspect::ViewContext of{
            .model = room.subject.get(), .second = room.second.get(), .input = room.input};
        return std::any(
            inspect::draw(view, of, parameters,
                          [&context](const std::string& step, std::int64_t done,
                                     std::int64_t total) { context.progress(step, done, total); }));
      });
}

void ViewPage::take(const train::JobEvent& event) {
  using train::JobState;
  if (wanted_ == 0 || event.number != wanted_) return;  // an older one: late, dropped
  if (event.state == JobState::running) figure_->set_progress(event.progress);
  if (!event.finished()) return;
  wanted_ = 0;
  if (event.state == JobState::done) {
    const auto& figure = std::any_cast<const inspect::Figure&>(event.result);
    subtitle_->setText(QString::fromStdString(figure.subtitle));
    subtitle_->setToolTip(QString::fromStdString(figure.caption));
    figure_->set_figure(figure, std::exchange(keep_zoom_, true));
    fill_table();
    Q_EMIT drawn();
  } else if (event.state == JobState::failed) {
    // What is missing is no failure: say how to give it.
    const bool needs_input = view_.needs.input && model_ && model_->input().empty();
    if (needs_input) {
      figure_->clear();
      figure_->set_empty_text(QString::fromStdString(event.error.sentence),
                              model_->facts().vision()
                                  ? tr("Drop a picture here, or choose one in Input below.")
                                  : tr("Type a text in Input below, or drop one here."));
    } else {
      figure_->set_error(event.error);
      QObject::disconnect(figure_, &FigureWidget::details_asked, this, nullptr);
      connect(figure_, &FigureWidget::details_asked, this, [this, error = event.error] {
        Q_EMIT details_asked(QString::fromStdString(view_.title), error);
      });
    }
  } else {
    figure_->set_busy(false);
    dirty_ = true;
    if (!figure_->has_figure()) {
      figure_->set_empty_text(tr("Cancelled."), tr("Press F5 to draw it."));
    }
  }
}

void ViewPage::showEvent(QShowEvent* event) {
  QWidget::showEvent(event);
  if (dirty_ && model_) wait_.start();
}

void ViewPage::cancel() {
  if (model_) model_->cancel_slot(slot_);
}

void ViewPage::fill_table() {
  if (!table_shown() || !figure_->has_figure()) return;
  const auto& panels = figure_->figure().panels;
  if (figure_->focused_panel() < panels.size()) rows_->show(panels[figure_->focused_panel()]);
}

bool ViewPage::table_shown() const {
  return stack_->currentIndex() == 1;
}

void ViewPage::show_table(bool show) {
  stack_->setCurrentIndex(show ? 1 : 0);
  fill_table();
}

void ViewPage::copy_image() {
  if (!figure_->has_figure()) return;
  QApplication::clipboard()->setImage(figure_->image(2));
  Q_EMIT note(tr("The picture is in the clipboard."));
}

void ViewPage::copy_data() {
  if (!figure_->has_figure()) return;
  QApplication::clipboard()->setText(
      QString::fromStdString(inspect::csv_text(figure_->shown_figure())));
  Q_EMIT note(tr("The numbers are in the clipboard, as CSV."));
}

QString ViewPage::write(const QString& file) {
  if (!figure_->has_figure()) return tr("There is no figure to export yet.");
  try {
    inspect::export_figure(figure_->shown_figure(), file.toStdString());
    Q_EMIT note(tr("Written: %1").arg(file));
    return {};
  } catch (const std::exception& error) {
    return QString::fromUtf8(error.what());
  }
}

void ViewPage::ask_export() {
  if (!figure_->has_figure()) {
    Q_EMIT note(tr("There is no figure to export yet."));
    return;
  }
  auto* dialog = new QFileDialog(this, tr("Export figure"));
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  dialog->setAcceptMode(QFileDialog::AcceptSave);
  dialog->setNameFilters({tr("PNG picture (*.png)"), tr("SVG drawing (*.svg)"),
                          tr("PDF for print (*.pdf)"), tr("CSV numbers (*.csv)"),
                          tr("NPY array (*.npy)"), tr("JSON figure (*.json)")});
  dialog->setDefaultSuffix(u"png"_s);
  connect(dialog, &QFileDialog::filterSelected, dialog, [dialog](const QString& filter) {
    dialog->setDefaultSuffix(filter.section(u"*."_s, 1).chopped(1));
  });
  dialog->selectFile(QString::fromStdString(view_.id) + ".png"_L1);
  connect(dialog, &QFileDialog::fileSelected, this, [this](const QString& file) {
    const auto wrong = write(file);
    if (!wrong.isEmpty()) {
      Q_EMIT details_asked(
          tr("Export"),
          {.kind = "file", .sentence = wrong.toStdString(), .details = wrong.toStdString()});
    }
  });
  dialog->open();
}

void ViewPage::contextMenuEvent(QContextMenuEvent* event) {
  auto* menu = new QMenu(this);
  menu->setAttribute(Qt::WA_DeleteOnClose);
  menu->addAction(icon("export"), tr("Export …"), this, &ViewPage::ask_export);
  menu->addAction(icon("copy"), tr("Copy picture"), this, &ViewPage::copy_image);
  menu->addAction(icon("copy"), tr("Copy numbers"), this, &ViewPage::copy_data);
  auto* as_table = menu->addAction(icon("table"), tr("Numbers as a table"));
  as_table->setCheckable(true);
  as_table->setChecked(table_shown());
  connect(as_table, &QAction::toggled, this, &ViewPage::show_table);
  menu->addAction(icon("again"), tr("Draw again"), this, &ViewPage::draw_now);
  menu->popup(event->globalPos());
}

}  // namespace hyena::app
