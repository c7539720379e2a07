// The menus, the toolbar and the keys of MainWindow.
#include <algorithm>
#include <map>

#include <QAction>
#include <QActionGroup>
#include <QApplication>
#include <QLayout>
#include <QLineEdit>
#include <QMenu>
#include <QMenuBar>
#include <QShortcut>
#include <QTabWidget>
#include <QTableView>
#include <QToolBar>
#include <QTreeView>

#include "app/look/icons.h"
#include "app/look/look.h"
#include "app/models/model_tree.h"
#include "app/shell/input_panel.h"
#include "app/shell/main_window.h"
#include "app/shell/message_page.h"
#include "app/shell/selection_bar.h"
#include "app/shell/shortcut_sheet.h"
#include "app/shell/start_page.h"
#include "app/shell/text_page.h"
#include "app/shell/view_area.h"
#include "app/views/limits_panel.h"
#include "app/views/parameter_panel.h"

namespace hyena::app {

using namespace Qt::StringLiterals;

namespace {

QString group_title(const std::string& group) {
  auto text = QString::fromStdString(group);
  if (!text.isEmpty()) text[0] = text[0].toUpper();
  return text;
}

}  // namespace

void MainWindow::build_menus() {
  const auto act = [this](QMenu* menu, const char* glyph, const QString& text,
                          const QKeySequence& key, auto work) {
    auto* action = menu->addAction(icon(glyph), text);
    action->setShortcut(key);
    connect(action, &QAction::triggered, this, work);
    return action;
  };
  const auto with_view = [this](void (ViewPage::*what)()) {
    return [this, what] {
      if (auto* view = area_->current_view()) (view->*what)();
    };
  };
  auto* file = menuBar()->addMenu(tr("&File"));
  auto* open =
      act(file, "open", tr("Open model …"), QKeySequence::Open, [this] { open_model_dialog(); });
  act(file, "picture", tr("Add pictures …"), Qt::CTRL | Qt::SHIFT | Qt::Key_O,
      [this] { open_picture_dialog(); });
  file->addSeparator();
  act(file, "export", tr("Export figure …"), Qt::CTRL | Qt::Key_E,
      with_view(&ViewPage::ask_export));
  file->addSeparator();
  act(file, "close", tr("Close tab"), Qt::CTRL | Qt::Key_W, [this] { area_->close_current(); });
  act(file, "", tr("Quit"), QKeySequence::Quit, [this] { close(); });

  auto* edit = menuBar()->addMenu(tr("&Edit"));
  act(edit, "copy", tr("Copy picture"), Qt::CTRL | Qt::SHIFT | Qt::Key_C,
      with_view(&ViewPage::copy_image));
  act(edit, "copy", tr("Copy numbers"), Qt::CTRL | Qt::SHIFT | Qt::Key_D,
      with_view(&ViewPage::copy_data));
  edit->addSeparator();
  act(edit, "search", tr("Find layer or part"), QKeySequence::Find, [this] {
    if (auto* search = findChild<QLineEdit*>(u"search"_s))
      search->setFocus(Qt::ShortcutFocusReason);
  });

  view_menu_ = menuBar()->addMenu(tr("&View"));
  fill_view_menu();

  auto* model = menuBar()->addMenu(tr("&Model"));
  act(model, "card", tr("Model card"), Qt::CTRL | Qt::Key_I, [this] { show_card(); });
  act(model, "table", tr("Tensors"), Qt::CTRL | Qt::SHIFT | Qt::Key_I, [this] { show_tensors(); });
  act(model, "stop", tr("Cancel loading"), {}, [this] {
    if (auto* current = store_.current()) current->cancel_load();
  });
  act(model, "close", tr("Unload"), Qt::CTRL | Qt::Key_U, [this] {
    if (auto* current = store_.current()) store_.unload(current);
  });
  model->addSeparator();
  act(model, "up", tr("Previous layer"), Qt::CTRL | Qt::Key_Up, [this] { bar_->step(-1, 0); });
  act(model, "down", tr("Next layer"), Qt::CTRL | Qt::Key_Down, [this] { bar_->step(1, 0); });
  act(model, "left", tr("Previous channel"), Qt::CTRL | Qt::Key_Left,
      [this] { bar_->step(0, -1); });
  act(model, "right", tr("Next channel"), Qt::CTRL | Qt::Key_Right, [this] { bar_->step(0, 1); });
  act(model, "picture", tr("Previous picture"), Qt::CTRL | Qt::Key_PageUp,
      [this] { input_->step_picture(-1); });
  act(model, "picture", tr("Next picture"), Qt::CTRL | Qt::Key_PageDown,
      [this] { input_->step_picture(1); });

  auto* run = menuBar()->addMenu(tr("&Run"));
  act(run, "again", tr("Draw again"), Qt::Key_F5, [this] { again(); });
  act(run, "stop", tr("Stop this view"), Qt::CTRL | Qt::Key_Period, with_view(&ViewPage::cancel));

  window_menu_ = menuBar()->addMenu(tr("&Window"));
  auto* theme = window_menu_->addMenu(tr("Theme"));
  auto* themes = new QActionGroup(this);
  for (const auto& [name, text] :
       {std::pair{u"system"_s, tr("As the desktop")}, std::pair{u"light"_s, tr("Light")},
        std::pair{u"dark"_s, tr("Dark")}}) {
    auto* action = theme->addAction(text);
    action->setCheckable(true);
    action->setChecked(Look::name_of(Look::instance().mode()) == name);
    themes->addAction(action);
    connect(action, &QAction::triggered, this, [this, name = name] { set_theme(name); });
  }
  act(window_menu_, "split", tr("Split right"), Qt::CTRL | Qt::Key_Backslash,
      [this] { area_->split(Qt::Horizontal); });
  act(window_menu_, "split", tr("Split down"), Qt::CTRL | Qt::SHIFT | Qt::Key_Backslash,
      [this] { area_->split(Qt::Vertical); });
  act(window_menu_, "right", tr("Next tab"), Qt::CTRL | Qt::Key_Tab, [this] { area_->step(1); });
  act(window_menu_, "left", tr("Previous tab"), Qt::CTRL | Qt::SHIFT | Qt::Key_Tab,
      [this] { area_->step(-1); });
  act(window_menu_, "", tr("Next area"), Qt::Key_F6, [this] { next_area(); });
  act(window_menu_, "", tr("Full screen"), Qt::Key_F11,
      [this] { setWindowState(windowState() ^ Qt::WindowFullScreen); });
  window_menu_->addSeparator();

  auto* help = menuBar()->addMenu(tr("&Help"));
  act(help, "info", tr("All keys"), Qt::Key_F1, [this] {
    show_shortcuts();
  })->setShortcuts({Qt::Key_F1, Qt::Key_Question});

  auto* tools = addToolBar(tr("Selection"));
  tools->setObjectName(u"toolbar"_s);
  tools->setMovable(false);
  tools->layout()->setContentsMargins(8, 6, 8, 6);
  tools->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
  tools->setContextMenuPolicy(Qt::PreventContextMenu);
  open->setIconText(tr("Open"));
  open->setToolTip(tr("Open a model (Ctrl+O)"));
  tools->addAction(open);
  tools->addSeparator();
  bar_ = new SelectionBar(store_, selection_);
  bar_->setFixedHeight(28);
  tools->addWidget(bar_);

  for (int i = 0; i < 9; ++i) {
    auto* key = new QShortcut(QKeySequence(Qt::CTRL | static_cast<Qt::Key>(Qt::Key_1 + i)), this);
    connect(key, &QShortcut::activated, this, [this, i] {
      const auto path = start_->recent_path(i);
      if (!path.isEmpty()) open_files({path});
    });
  }
  // Single letters act only while a figure has the focus.
  const auto letter = [this](Qt::Key key, auto work) {
    auto* shortcut = new QShortcut(QKeySequence(key), this);
    connect(shortcut, &QShortcut::activated, this, work);
    shortcut->setEnabled(false);
    connect(qApp, &QApplication::focusChanged, shortcut, [shortcut](QWidget*, QWidget* now) {
      shortcut->setEnabled(qobject_cast<FigureWidget*>(now) != nullptr);
    });
  };
  letter(Qt::Key_Left, [this] { bar_->step(0, -1); });
  letter(Qt::Key_Right, [this] { bar_->step(0, 1); });
  letter(Qt::Key_0, [this] { limits_->reset(); });
  letter(Qt::Key_C, [this] { limits_->next_map(); });
  letter(Qt::Key_T, [this] {
    if (auto* view = area_->current_view()) view->show_table(!view->table_shown());
  });
  letter(Qt::Key_PageUp, [this] { input_->step_picture(-1); });
  letter(Qt::Key_PageDown, [this] { input_->step_picture(1); });
}

/// One entry for each view of the registry, by group.
void MainWindow::fill_view_menu() {
  std::map<std::string, QMenu*> groups;
  for (const auto& view : inspect::views()) {
    auto*& menu = groups[view.group];
    if (!menu) menu = view_menu_->addMenu(group_title(view.group));
    auto* action = menu->addAction(QString::fromStdString(view.title));
    action->setToolTip(QString::fromStdString(view.summary));
    action->setStatusTip(QString::fromStdString(view.summary));
    connect(action, &QAction::triggered, this, [this, id = view.id] { open_view(id, true); });
    menu->setToolTipsVisible(true);
  }
}

void MainWindow::show_shortcuts() {
  auto* sheet = new ShortcutSheet(*this, this);
  sheet->setAttribute(Qt::WA_DeleteOnClose);
  sheet->show();
}

void MainWindow::set_theme(const QString& name) {
  settings_.set_theme(name);
  Look::instance().apply(Look::mode_of(name));
}

void MainWindow::show_card() {
  auto* model = store_.current();
  if (!model) return;
  auto* page = new TextPage(tr("Model card"), model->title());
  const auto fill = [page, model] {
    const auto& facts = model->facts();
    auto text = QString::fromStdString(model->card());
    if (text.isEmpty()) text = tr("Reading the file …");
    if (!facts.sha256.empty()) text += u"\nsha256        "_s + QString::fromStdString(facts.sha256);
    if (!facts.device_note.empty()) {
      text += u"\ndevice        "_s + QString::fromStdString(facts.device_note);
    }
    page->set_text(text);
  };
  fill();
  connect(model, &LoadedModel::changed, page, fill);
  area_->add(page, tr("Card: %1").arg(model->title()), "card");
}

void MainWindow::show_tensors() {
  auto* model = store_.current();
  if (!model) return;
  auto* page = new TextPage(tr("Tensors"), model->title());
  const auto fill = [page, model] {
    if (!model->tensors().rows.empty()) page->set_table(model->tensors());
  };
  page->set_text(tr("Reading the file …"));
  fill();
  connect(model, &LoadedModel::changed, page, fill);
  area_->add(page, tr("Tensors: %1").arg(model->title()), "table");
}

void MainWindow::again() {
  if (auto* view = area_->current_view()) view->draw_now();
  if (auto* message = qobject_cast<MessagePage*>(area_->current())) Q_EMIT message->retry_asked();
}

/// Tree, figure, parameters, strip, and round again.
void MainWindow::next_area() {
  QWidget* areas[] = {tree_, area_->current(), parameters_, strip_};
  auto* now = QApplication::focusWidget();
  int at = -1;
  for (int i = 0; i < 4; ++i) {
    if (areas[i] && now && (areas[i] == now || areas[i]->isAncestorOf(now))) at = i;
  }
  for (int step = 1; step <= 4; ++step) {
    auto* next = areas[(at + step + 4) % 4];
    if (!next || !next->isVisible()) continue;
    auto* view = qobject_cast<ViewPage*>(next);
    (view ? static_cast<QWidget*>(view->figure()) : next)->setFocus(Qt::TabFocusReason);
    if (QApplication::focusWidget() != now) return;
    next->nextInFocusChain()->setFocus(Qt::TabFocusReason);
    return;
  }
}

}  // namespace hyena::app
