#pragma once

#include <QTimer>
#include <QWidget>
#include <nlohmann/json.hpp>

#include "app/figurewidget/figure_widget.h"
#include "app/models/model_store.h"
#include "app/models/selection.h"
#include "inspect/views/view.h"

class QLabel;
class QStackedWidget;
class QTableView;

namespace hyena::app {

class FigureTable;

/// One view of the current model in a tab: its head, its figure, its table twin. Asks for a new
/// figure when parameters, selection, input or model change, 100 ms after the last change; nothing
/// is computed while it is hidden.
class ViewPage : public QWidget {
  Q_OBJECT

 public:
  ViewPage(const inspect::View& view, ModelStore& store, SharedSelection& selection,
           QWidget* parent = nullptr);
  ~ViewPage() override;

  const inspect::View& view() const { return view_; }
  FigureWidget* figure() const { return figure_; }
  const nlohmann::json& parameters() const { return parameters_; }
  void set_parameters(const nlohmann::json& parameters);
  /// With the shared selection put into the fields of that name.
  nlohmann::json request_parameters() const;

  void show_table(bool show);
  bool table_shown() const;
  void ask_export();
  /// Suffix as export_figure() takes it. Returns the error's sentence; empty: written.
  QString write(const QString& file);
  void copy_image();
  void copy_data();
  void cancel();
  /// Draws anew at once, not in 100 ms.
  void draw_now();

 Q_SIGNALS:
  void cursor_text(const QString& text);
  void drawn();
  void note(const QString& text);
  void details_asked(const QString& title, const hyena::train::JobError& error);

 protected:
  void showEvent(QShowEvent* event) override;
  void contextMenuEvent(QContextMenuEvent* event) override;

 private:
  void build_head();
  void ask();
  void take(const train::JobEvent& event);
  void follow_model();
  void fill_table();

  const inspect::View& view_;
  ModelStore& store_;
  SharedSelection& selection_;
  const std::vector<std::string> shared_;
  QString slot_;
  nlohmann::json parameters_ = nlohmann::json::object();
  LoadedModel* model_ = nullptr;
  QMetaObject::Connection input_link_;
  std::uint64_t wanted_ = 0;  ///< number of the newest request; 0: none is under way
  bool dirty_ = true, keep_zoom_ = false;
  QTimer wait_;
  QLabel* subtitle_;
  FigureWidget* figure_;
  QStackedWidget* stack_;
  QTableView* table_;
  FigureTable* rows_;
};

}  // namespace hyena::app
