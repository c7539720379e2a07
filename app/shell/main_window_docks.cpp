// The docks, the strip and the status bar of MainWindow.
#include <fstream>

#include <unistd.h>

#include <QDockWidget>
#include <QItemSelectionModel>
#include <QLabel>
#include <QLineEdit>
#include <QListView>
#include <QMenu>
#include <QPlainTextEdit>
#include <QResizeEvent>
#include <QScrollArea>
#include <QSortFilterProxyModel>
#include <QSplitter>
#include <QStackedWidget>
#include <QStatusBar>
#include <QTabBar>
#include <QTabWidget>
#include <QTimer>
#include <QTreeView>
#include <QVBoxLayout>

#include "app/look/icons.h"
#include "app/look/look.h"
#include "app/models/channel_list.h"
#include "app/models/model_tree.h"
#include "app/shell/activity_panel.h"
#include "app/shell/dock_panel.h"
#include "app/shell/input_panel.h"
#include "app/shell/key_line.h"
#include "app/shell/main_window.h"
#include "app/shell/row_delegates.h"
#include "app/shell/view_area.h"
#include "app/views/limits_panel.h"
#include "app/views/parameter_panel.h"

namespace hyena::app {

using namespace Qt::StringLiterals;

namespace {

/// Megabytes that this process holds.
double resident_megabytes() {
  std::ifstream file("/proc/self/statm");
  long all = 0, resident = 0;
  file >> all >> resident;
  return static_cast<double>(resident) * static_cast<double>(sysconf(_SC_PAGESIZE)) / 1e6;
}

void flat(QAbstractItemView* view) {
  view->setFrameShape(QFrame::NoFrame);
  view->setMouseTracking(true);
  auto palette = view->palette();
  palette.setBrush(QPalette::Base, Qt::transparent);
  view->setPalette(palette);
}

QScrollArea* scrolled(QWidget* content) {
  auto* scroll = new QScrollArea;
  scroll->setFrameShape(QFrame::NoFrame);
  scroll->setWidgetResizable(true);
  scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  content->setAutoFillBackground(true);
  content->setBackgroundRole(QPalette::AlternateBase);
  scroll->setWidget(content);
  return scroll;
}

}  // namespace

void MainWindow::build_docks() {
  setCorner(Qt::BottomLeftCorner, Qt::LeftDockWidgetArea);
  setCorner(Qt::BottomRightCorner, Qt::RightDockWidgetArea);

  tree_model_ = new ModelTree(store_, this);
  auto* found = new QSortFilterProxyModel(this);
  found->setSourceModel(tree_model_);
  found->setRecursiveFilteringEnabled(true);
  found->setAutoAcceptChildRows(true);
  found->setFilterCaseSensitivity(Qt::CaseInsensitive);
  tree_ = new QTreeView;
  tree_->setModel(found);
  tree_->setHeaderHidden(true);
  tree_->setUniformRowHeights(true);
  tree_->setItemDelegate(new FactDelegate(tree_));
  tree_->setAccessibleName(tr("Models, layers and parts"));
  flat(tree_);
  auto* models = new QWidget;
  auto* column = new QVBoxLayout(models);
  column->setContentsMargins(8, 8, 8, 0);
  column->setSpacing(6);
  auto* search = new QLineEdit;
  search->setObjectName(u"search"_s);
  search->setPlaceholderText(tr("Find layer or part"));
  search->setAccessibleName(tr("Find layer or part"));
  search->addAction(icon("search"), QLineEdit::LeadingPosition);
  column->addWidget(search);
  column->addWidget(tree_);
  connect(search, &QLineEdit::textChanged, this, [this, found](const QString& text) {
    found->setFilterFixedString(text);
    if (!text.isEmpty()) tree_->expandAll();
  });
  connect(tree_->selectionModel(), &QItemSelectionModel::currentChanged, this,
          [this, found](const QModelIndex& now) {
            const auto at = found->mapToSource(now);
            if (auto* model = tree_model_->model_of(at)) store_.set_current(model);
            const auto layer = tree_model_->layer_of(at);
            if (layer >= 0) selection_.choose({.layer = layer});
          });
  connect(tree_, &QTreeView::activated, this, [this, found](const QModelIndex& at) {
    const auto id = tree_model_->view_of(found->mapToSource(at));
    for (const auto& view : inspect::views()) {
      if (view.id == id) open_view(id);
    }
  });
  models_dock_ = new DockPanel(u"models"_s, tr("Models"), models, this);
  addDockWidget(Qt::LeftDockWidgetArea, models_dock_);

  channels_ = new ChannelList(this);
  channel_view_ = new QListView;
  channel_view_->setModel(channels_);
  channel_view_->setUniformItemSizes(true);
  channel_view_->setItemDelegate(new ChannelDelegate(channel_view_));
  channel_view_->setAccessibleName(tr("Channels"));
  flat(channel_view_);
  connect(channel_view_->selectionModel(), &QItemSelectionModel::currentChanged, this,
          [this](const QModelIndex& now) {
            if (now.isValid()) selection_.choose({.channel = now.row()});
          });
  channels_dock_ = new DockPanel(u"channels"_s, tr("Channels"), channel_view_, this);
  addDockWidget(Qt::LeftDockWidgetArea, channels_dock_);

  parameters_ = new ParameterPanel;
  parameters_dock_ = new DockPanel(u"parameters"_s, tr("Parameters"), scrolled(parameters_), this);
  addDockWidget(Qt::RightDockWidgetArea, parameters_dock_);
  limits_ = new LimitsPanel;
  limits_dock_ = new DockPanel(u"limits"_s, tr("Limits"), scrolled(limits_), this);
  addDockWidget(Qt::RightDockWidgetArea, limits_dock_);
  for (auto* dock : {models_dock_, channels_dock_, parameters_dock_, limits_dock_}) {
    window_menu_->addAction(dock->toggleViewAction());
  }
  build_strip();
}

void MainWindow::size_docks() {
  resizeDocks({models_dock_, channels_dock_, parameters_dock_, limits_dock_}, {248, 248, 280, 280},
              Qt::Horizontal);
  resizeDocks({models_dock_, channels_dock_}, {500, 300}, Qt::Vertical);
  resizeDocks({parameters_dock_, limits_dock_}, {450, 330}, Qt::Vertical);
}

void MainWindow::build_strip() {
  auto* work = new QWidget;
  auto* column = new QVBoxLayout(work);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(0);
  auto* parts = new QSplitter(Qt::Vertical);
  parts->setChildrenCollapsible(false);
  column->addWidget(parts);
  auto* upper = new QWidget;
  auto* above = new QVBoxLayout(upper);
  above->setContentsMargins(0, 0, 0, 0);
  above->setSpacing(0);
  area_ = new ViewArea(view_menu_);
  above->addWidget(area_, 1);
  keys_ = new KeyLine;
  keys_->set_keys({{u"← →"_s, tr("channel")},
                   {u"Ctrl ↑ ↓"_s, tr("layer")},
                   {tr("Space"), tr("lock cursor")},
                   {u"0"_s, tr("reset limits")},
                   {u"C"_s, tr("colours")},
                   {u"T"_s, tr("as table")},
                   {u"Esc"_s, tr("cancel, reset zoom")},
                   {u"F1"_s, tr("all keys")}});
  above->addWidget(keys_);
  parts->addWidget(upper);

  strip_ = new QTabWidget;
  strip_->setAccessibleName(tr("Input, activity and log"));
  strip_->setDocumentMode(true);
  strip_->tabBar()->setProperty("plain", true);
  strip_->tabBar()->setDrawBase(false);
  strip_->tabBar()->setExpanding(false);
  strip_->tabBar()->setAccessibleName(tr("Input, activity and log"));
  input_ = new InputPanel(store_, selection_);
  activity_ = new ActivityPanel;
  log_ = new QPlainTextEdit;
  log_->setReadOnly(true);
  log_->setMaximumBlockCount(5000);
  log_->setFrameShape(QFrame::NoFrame);
  log_->setFont(mono(12));
  log_->setAccessibleName(tr("Log"));
  for (auto* page : {static_cast<QWidget*>(input_), static_cast<QWidget*>(activity_)}) {
    page->setAutoFillBackground(true);
    page->setBackgroundRole(QPalette::AlternateBase);
  }
  strip_->addTab(input_, tr("Input"));
  strip_->addTab(activity_, tr("Activity"));
  strip_->addTab(log_, tr("Log"));
  strip_note_ = new QLabel;
  strip_note_->setFont(sans(12));
  strip_note_->setForegroundRole(QPalette::PlaceholderText);
  strip_note_->setContentsMargins(0, 0, 16, 0);
  strip_->setCornerWidget(strip_note_);
  connect(input_, &InputPanel::summary_changed, this,
          [this] { strip_note_->setText(input_->summary()); });
  connect(activity_, &ActivityPanel::running_changed, this, [this](int running) {
    strip_->setTabText(1, running > 0 ? tr("Activity (%1)").arg(running) : tr("Activity"));
  });
  parts->addWidget(strip_);
  parts->setStretchFactor(0, 1);
  parts->setStretchFactor(1, 0);
  parts->setSizes({700, 152});
  middle_->addWidget(work);
}

void MainWindow::build_status() {
  const auto cell = [this](bool right = false) {
    auto* label = new QLabel;
    label->setFont(right ? mono(11) : sans(12));
    label->setContentsMargins(8, 0, 8, 0);
    right ? statusBar()->addPermanentWidget(label) : statusBar()->addWidget(label);
    return label;
  };
  statusBar()->setFixedHeight(24);
  statusBar()->setSizeGripEnabled(false);
  status_model_ = cell();
  status_device_ = cell();
  status_memory_ = cell();
  status_cursor_ = cell(true);
  status_cursor_->setAccessibleName(tr("Under the cursor"));
  auto* timer = new QTimer(this);
  connect(timer, &QTimer::timeout, this, &MainWindow::show_status);
  timer->start(2000);
}

void MainWindow::show_status() {
  const auto* model = store_.current();
  const bool ready = model && model->ready();
  status_model_->setText(model ? model->title() : tr("No model"));
  if (ready) {
    const auto& facts = model->facts();
    const auto note = QString::fromStdString(facts.device_note);
    status_device_->setText(QString::fromStdString(facts.device + " · " + facts.dtype));
    status_device_->setToolTip(note);
  } else {
    status_device_->setText(tr("CPU"));
  }
  status_memory_->setText(tr("%1 MB").arg(resident_megabytes(), 0, 'f', 0));
}

/// Narrow windows: the right docks move into tabs on the left. Low ones: no key line.
void MainWindow::resizeEvent(QResizeEvent* event) {
  QMainWindow::resizeEvent(event);
  if (!keys_) return;
  keys_->setVisible(height() >= 800);
  const bool narrow = width() < 1200;
  const bool is_narrow = dockWidgetArea(parameters_dock_) == Qt::LeftDockWidgetArea;
  if (narrow == is_narrow) return;
  for (auto* dock : {parameters_dock_, limits_dock_}) {
    if (narrow) {
      addDockWidget(Qt::LeftDockWidgetArea, dock);
      tabifyDockWidget(channels_dock_, dock);
    } else {
      addDockWidget(Qt::RightDockWidgetArea, dock);
    }
  }
  if (narrow) channels_dock_->raise();
  // Qt makes the tab bar of docks by itself, later.
  QTimer::singleShot(0, this, [this] {
    for (auto* tabs : findChildren<QTabBar*>(QString(), Qt::FindDirectChildrenOnly)) {
      tabs->setAccessibleName(tr("Docks"));
    }
  });
}

}  // namespace hyena::app
