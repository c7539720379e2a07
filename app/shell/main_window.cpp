#include "app/shell/main_window.h"

#include <algorithm>
#include <array>

#include <QCloseEvent>
#include <QFileDialog>
#include <QFileInfo>
#include <QLabel>
#include <QListView>
#include <QMimeData>
#include <QPlainTextEdit>
#include <QScreen>
#include <QSortFilterProxyModel>
#include <QSplitter>
#include <QStackedWidget>
#include <QTabWidget>
#include <QTime>
#include <QTimer>
#include <QTreeView>
#include <QVBoxLayout>

#include "app/look/look.h"
#include "app/models/channel_list.h"
#include "app/models/model_tree.h"
#include "app/shell/activity_panel.h"
#include "app/shell/dock_panel.h"
#include "app/shell/input_panel.h"
#include "app/shell/message_page.h"
#include "app/shell/selection_bar.h"
#include "app/shell/start_page.h"
#include "app/shell/view_area.h"
#include "app/views/limits_panel.h"
#include "app/views/parameter_panel.h"

namespace hyena::app {

using namespace Qt::StringLiterals;

namespace {

constexpr std::array kPictures{"png", "jpg", "jpeg", "ppm", "pgm", "bmp"};
constexpr std::array kTexts{"txt", "md"};

template <class Suffixes>
bool has_suffix(const QString& file, const Suffixes& suffixes) {
  const auto own = QFileInfo(file).suffix().toLower();
  return std::ranges::any_of(suffixes, [&](const char* s) { return own == QLatin1String(s); });
}

/// What a newly loaded model opens with.
std::string first_view(const inspect::ModelFacts& facts) {
  const bool filters =
      std::ranges::any_of(facts.layers, [](const auto& layer) { return layer.filters > 0; });
  const bool grid =
      std::ranges::any_of(facts.layers, [](const auto& layer) { return layer.mixer == "hyena2d"; });
  for (const auto& view : inspect::views()) {
    const auto& needs = view.needs;
    if (needs.input || needs.second_model || needs.table || needs.grid_filters != grid) continue;
    if (needs.long_filters == filters && (facts.vision() ? needs.vision : needs.language)) {
      return view.id;
    }
  }
  return {};
}

}  // namespace

MainWindow::MainWindow(Settings& settings, QString device, QWidget* parent)
    : QMainWindow(parent),
      settings_(settings),
      device_(std::move(device)),
      middle_(new QStackedWidget),
      start_(new StartPage(settings)) {
  setWindowTitle(tr("Hyena Studio"));
  setAcceptDrops(true);
  setMinimumSize(800, 560);
  resize(QSize(1440, 900).boundedTo(screen()->availableSize()));
  setCentralWidget(middle_);
  middle_->addWidget(start_);
  build_menus();
  build_docks();
  build_status();
  connect_parts();
  follow_models();
  if (const auto geometry = settings_.window_geometry(); !geometry.isEmpty()) {
    restoreGeometry(geometry);
  }
}

MainWindow::~MainWindow() {
  // Pages hold on to models: they go first, then workers stop, then models go.
  store_.disconnect(this);
  delete takeCentralWidget();
}

void MainWindow::connect_parts() {
  connect(start_, &StartPage::open_asked, this, &MainWindow::open_model_dialog);
  connect(start_, &StartPage::file_chosen, this,
          [this](const QString& path) { open_files({path}); });
  connect(&store_, &ModelStore::list_changed, this, &MainWindow::follow_models);
  connect(&store_, &ModelStore::model_changed, this, &MainWindow::follow_model_state);
  connect(&store_, &ModelStore::current_changed, this, [this] {
    selection_.set({.layer = 0, .filter = 0, .channel = 0});
    follow_models();
    follow_view();
  });
  connect(&store_.bridge(), &JobBridge::event, this, [this](const train::JobEvent& event) {
    activity_->take(event);
    log(event);
  });
  connect(activity_, &ActivityPanel::cancel_asked, this, [this](quint64 number) {
    for (auto* model : store_.models()) model->cancel(number);
  });
  connect(area_, &ViewArea::current_changed, this, &MainWindow::follow_view);
  connect(parameters_, &ParameterPanel::edited, this, [this](const nlohmann::json& values) {
    if (auto* view = area_->current_view()) view->set_parameters(values);
  });
  connect(&selection_, &SharedSelection::changed, this, &MainWindow::follow_models);
  connect(input_, &InputPanel::open_pictures_asked, this, &MainWindow::open_picture_dialog);
}

bool MainWindow::start_page_shown() const {
  return middle_->currentWidget() == start_;
}

void MainWindow::open_files(const QStringList& files) {
  QStringList pictures;
  for (const auto& file : files) {
    if (has_suffix(file, kPictures)) {
      pictures << file;
    } else if (has_suffix(file, kTexts)) {
      input_->open_text(file);
    } else {
      store_.open(QFileInfo(file).absoluteFilePath(), device_);
    }
  }
  if (!pictures.isEmpty()) input_->add_pictures(pictures);
}

void MainWindow::open_model_dialog() {
  auto* dialog = new QFileDialog(this, tr("Open model"));
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  dialog->setFileMode(QFileDialog::ExistingFiles);
  dialog->setNameFilters(
      {tr("Models (*.safetensors *.pt *.pth *.bin *.ckpt)"), tr("All files (*)")});
  connect(dialog, &QFileDialog::filesSelected, this, &MainWindow::open_files);
  dialog->open();
}

void MainWindow::open_picture_dialog() {
  auto* dialog = new QFileDialog(this, tr("Add pictures"));
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  dialog->setFileMode(QFileDialog::ExistingFiles);
  dialog->setNameFilters({tr("Pictures (*.png *.jpg *.jpeg *.ppm *.pgm *.bmp)")});
  connect(dialog, &QFileDialog::filesSelected, this, &MainWindow::open_files);
  dialog->open();
}

ViewPage* MainWindow::open_view(const std::string& id, bool again) {
  for (auto* page : area_->pages()) {
    auto* view = qobject_cast<ViewPage*>(page);
    if (view && view->view().id == id && !again) {
      area_->show_page(view);
      return view;
    }
  }
  const auto& view = inspect::find_view(id);
  auto* page = new ViewPage(view, store_, selection_);
  connect(page, &ViewPage::cursor_text, status_cursor_, &QLabel::setText);
  connect(page, &ViewPage::note, this,
          [this](const QString& text) { status_cursor_->setText(text); });
  connect(page, &ViewPage::details_asked, this, &MainWindow::show_message);
  connect(page, &ViewPage::drawn, this, [this, page] {
    for (const auto& array : page->figure()->figure().arrays) {
      if (array.dims() == std::vector<std::string>{"channel", "lag"} &&
          array.shape()[0] == channels_->rowCount()) {
        channels_->set_curves(array);
      }
    }
  });
  const auto glyph = view.group == "filters"    ? "filter"
                     : view.group == "gates"    ? "gate"
                     : view.group == "matrix"   ? "matrix"
                     : view.group == "evidence" ? "evidence"
                     : view.group == "text"     ? "text"
                                                : "chart";
  middle_->setCurrentIndex(1);
  area_->add(page, QString::fromStdString(view.title), glyph);
  return page;
}

void MainWindow::follow_view() {
  auto* page = area_->current_view();
  parameters_->show_view(page ? &page->view() : nullptr,
                         page ? page->parameters() : nlohmann::json::object());
  parameters_dock_->set_subtitle(page ? QString::fromStdString(page->view().title) : QString());
  limits_->show_figure(page ? page->figure() : nullptr);
}

/// Which page is in the middle, which docks there are, and what the lower list says.
void MainWindow::follow_models() {
  const auto gone = [this](const auto& entry) {
    return std::ranges::find(store_.models(), entry.first) == store_.models().end();
  };
  std::erase_if(error_pages_, gone);
  std::erase_if(seen_, gone);
  const bool any = !store_.models().empty();
  middle_->setCurrentIndex(any ? 1 : 0);
  if (any != models_dock_->isVisibleTo(this)) {
    for (auto* dock : {models_dock_, channels_dock_, parameters_dock_, limits_dock_}) {
      dock->setVisible(any);
    }
    // Sizes count only once the docks are laid out.
    if (any) QTimer::singleShot(0, this, &MainWindow::size_docks);
  }
  if (!any) start_->refresh();
  const auto* model = store_.current();
  std::int64_t channels = 0;
  if (model && model->ready() && !model->facts().layers.empty()) {
    const auto last = static_cast<std::int64_t>(model->facts().layers.size()) - 1;
    const auto layer = std::clamp<std::int64_t>(selection_.chosen().layer, 0, last);
    channels = model->facts().layers[static_cast<std::size_t>(layer)].channels;
  }
  channels_->show(channels);
  channels_dock_->set_subtitle(channels > 0 ? QString::number(channels) : QString());
  if (channels > 0 && selection_.chosen().channel >= 0) {
    const auto at = channels_->index(static_cast<int>(selection_.chosen().channel));
    const QSignalBlocker quiet(channel_view_->selectionModel());
    channel_view_->setCurrentIndex(at);
    channel_view_->scrollTo(at);
    channel_view_->viewport()->update();
  }
  show_status();
}

void MainWindow::follow_model_state(LoadedModel* model) {
  const auto before = seen_.contains(model) ? seen_[model] : LoadedModel::State::loading;
  seen_[model] = model->state();
  if (model->state() == LoadedModel::State::failed && before != LoadedModel::State::failed) {
    show_error_page(model);
  }
  if (model->ready() && before != LoadedModel::State::ready) {
    if (auto found = error_pages_.find(model); found != error_pages_.end()) {
      if (found->second != nullptr) area_->close(found->second);
      error_pages_.erase(found);
    }
    const auto& facts = model->facts();
    settings_.add_recent({.path = model->path(),
                          .kind = facts.vision() ? u"vision"_s : u"language"_s,
                          .parameters = facts.parameters,
                          .dtype = QString::fromStdString(facts.dtype),
                          .opened = QDateTime::currentDateTime()});
    const auto* found = qobject_cast<QSortFilterProxyModel*>(tree_->model());
    const auto top = found->mapFromSource(tree_model_->index_of(model));
    tree_->expand(top);
    tree_->expand(found->index(1, 0, top));
    const auto first = first_view(facts);
    const auto pages = area_->pages();
    const bool none = std::ranges::none_of(
        pages, [](QWidget* page) { return qobject_cast<ViewPage*>(page) != nullptr; });
    if (none && !first.empty()) open_view(first);
    if (area_->pages().empty()) show_card();
  }
  follow_models();
}

void MainWindow::show_error_page(LoadedModel* model) {
  auto* page = new MessagePage(model->path(),
                               tr("%1 was not loaded. Your other models and views are untouched.")
                                   .arg(QFileInfo(model->path()).fileName()),
                               model->error(), true);
  connect(page, &MessagePage::close_asked, this, [this, model, page] {
    error_pages_.erase(model);
    area_->close(page);
    store_.unload(model);
  });
  connect(page, &MessagePage::retry_asked, this, [this, model, page] {
    error_pages_.erase(model);
    area_->close(page);
    model->load();
  });
  connect(page, &MessagePage::log_asked, this, [this] { strip_->setCurrentIndex(2); });
  error_pages_[model] = page;
  area_->add(page, model->title(), "error");
}

void MainWindow::show_message(const QString& subject, const train::JobError& error) {
  auto* page =
      new MessagePage(subject, tr("The model and the other views are untouched."), error, false);
  connect(page, &MessagePage::close_asked, this, [this, page] { area_->close(page); });
  connect(page, &MessagePage::log_asked, this, [this] { strip_->setCurrentIndex(2); });
  area_->add(page, subject, "error");
}

void MainWindow::log(const train::JobEvent& event) {
  if (!event.finished()) return;
  auto line = QTime::currentTime().toString(u"HH:mm:ss  "_s) + QString::fromStdString(event.title);
  if (event.state == train::JobState::done)
    line += tr(": done in %1 s").arg(event.seconds, 0, 'f', 2);
  if (event.state == train::JobState::cancelled) return;
  if (event.state == train::JobState::failed) {
    line += u": "_s + QString::fromStdString(event.error.details);
  }
  log_->appendPlainText(line);
}

void MainWindow::dragEnterEvent(QDragEnterEvent* event) {
  if (event->mimeData()->hasUrls() || event->mimeData()->hasText()) event->acceptProposedAction();
}

void MainWindow::dropEvent(QDropEvent* event) {
  const auto* dropped = event->mimeData();
  if (dropped->hasUrls()) {
    QStringList files;
    for (const auto& url : dropped->urls()) {
      if (url.isLocalFile()) files << url.toLocalFile();
    }
    open_files(files);
  } else if (dropped->hasText()) {
    input_->set_text(dropped->text());
  }
  event->acceptProposedAction();
}

void MainWindow::closeEvent(QCloseEvent* event) {
  settings_.set_window_geometry(saveGeometry());
  QMainWindow::closeEvent(event);
}

}  // namespace hyena::app
