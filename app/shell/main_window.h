#pragma once

#include <map>

#include <QMainWindow>
#include <QPointer>

#include "app/models/model_store.h"
#include "app/models/selection.h"
#include "app/settings/settings.h"

class QLabel;
class QListView;
class QPlainTextEdit;
class QStackedWidget;
class QTabWidget;
class QTreeView;

namespace hyena::app {

class ActivityPanel;
class ChannelList;
class DockPanel;
class InputPanel;
class KeyLine;
class LimitsPanel;
class ModelTree;
class ParameterPanel;
class SelectionBar;
class StartPage;
class ViewArea;
class ViewPage;

/// Puts the parts together: menus, toolbar, docks, the views in the middle, the strip below. What a
/// part does is in the part.
class MainWindow : public QMainWindow {
  Q_OBJECT

 public:
  MainWindow(Settings& settings, QString device, QWidget* parent = nullptr);
  ~MainWindow() override;

  ModelStore& store() { return store_; }
  SharedSelection& selection() { return selection_; }
  ViewArea* area() const { return area_; }
  ParameterPanel* parameters() const { return parameters_; }
  InputPanel* input() const { return input_; }
  bool start_page_shown() const;

  /// Models, pictures and texts, each by what it is.
  void open_files(const QStringList& files);
  /// A tab with the view, the one that is open already unless `again`.
  ViewPage* open_view(const std::string& id, bool again = false);
  void show_shortcuts();

 protected:
  void dragEnterEvent(QDragEnterEvent* event) override;
  void dropEvent(QDropEvent* event) override;
  void closeEvent(QCloseEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;

 private:
  void build_menus();  // main_window_actions.cpp
  void build_docks();  // main_window_docks.cpp
  void build_strip();
  void size_docks();
  void build_status();
  void connect_parts();
  void fill_view_menu();
  void open_model_dialog();
  void open_picture_dialog();
  void follow_models();
  void follow_view();
  void follow_model_state(LoadedModel* model);
  void show_error_page(LoadedModel* model);
  void show_message(const QString& subject, const train::JobError& error);
  void show_card();
  void show_tensors();
  void show_status();
  void log(const train::JobEvent& event);
  void set_theme(const QString& name);
  void next_area();
  void again();  ///< draws the view in front, or tries the failed load

  Settings& settings_;
  QString device_;
  ModelStore store_;
  SharedSelection selection_;
  QMenu *view_menu_ = nullptr, *window_menu_ = nullptr;
  QStackedWidget* middle_;
  StartPage* start_;
  ViewArea* area_ = nullptr;
  SelectionBar* bar_ = nullptr;
  ModelTree* tree_model_ = nullptr;
  QTreeView* tree_ = nullptr;
  ChannelList* channels_ = nullptr;
  QListView* channel_view_ = nullptr;
  DockPanel *models_dock_ = nullptr, *channels_dock_ = nullptr, *parameters_dock_ = nullptr,
            *limits_dock_ = nullptr;
  ParameterPanel* parameters_ = nullptr;
  LimitsPanel* limits_ = nullptr;
  QTabWidget* strip_ = nullptr;
  KeyLine* keys_ = nullptr;
  InputPanel* input_ = nullptr;
  ActivityPanel* activity_ = nullptr;
  QPlainTextEdit* log_ = nullptr;
  QLabel *strip_note_ = nullptr, *status_model_ = nullptr, *status_device_ = nullptr,
         *status_memory_ = nullptr, *status_cursor_ = nullptr;
  // Both are swept of models that are gone in follow_models(); a page may be closed before.
  std::map<LoadedModel*, QPointer<QWidget>> error_pages_;
  std::map<LoadedModel*, LoadedModel::State> seen_;
};

}  // namespace hyena::app
