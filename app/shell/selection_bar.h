#pragma once

#include <QWidget>

#include "app/models/model_store.h"
#include "app/models/selection.h"

class QComboBox;
class QLabel;
class QSpinBox;

namespace hyena::app {

/// The shared selection in the toolbar: which model, layer, filter and channel all views show.
class SelectionBar : public QWidget {
  Q_OBJECT

 public:
  SelectionBar(ModelStore& store, SharedSelection& selection, QWidget* parent = nullptr);
  /// By how many layers and channels.
  void step(int layers, int channels);

 private:
  void list_models();
  void follow_model();
  void show_selection();

  ModelStore& store_;
  SharedSelection& selection_;
  QLabel* none_;
  QWidget* body_;
  QComboBox* model_;
  QSpinBox *layer_, *filter_, *channel_;
};

}  // namespace hyena::app
