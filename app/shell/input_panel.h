#pragma once

#include <QStringList>
#include <QWidget>

#include "app/models/model_store.h"
#include "app/models/selection.h"

class QLabel;
class QLineEdit;
class QStackedWidget;
class QListWidget;

namespace hyena::app {

class TokenStripWidget;

/// What the current model is shown: a text with its tokens, or pictures as thumbnails.
class InputPanel : public QWidget {
  Q_OBJECT

 public:
  InputPanel(ModelStore& store, SharedSelection& selection, QWidget* parent = nullptr);

  /// Files of pictures; the first is taken where there is a model for them.
  void add_pictures(const QStringList& files);
  void set_text(const QString& text);
  /// Its first 64 KiB.
  void open_text(const QString& file);
  void step_picture(int by);
  QString summary() const;

 Q_SIGNALS:
  void open_pictures_asked();
  void summary_changed();

 private:
  void follow();
  void show_input();

  ModelStore& store_;
  SharedSelection& selection_;
  QStackedWidget* stack_;
  QLineEdit* text_;
  TokenStripWidget* tokens_;
  QListWidget* pictures_;
  QLabel* error_;
  LoadedModel* model_ = nullptr;
  train::Worker thumbnails_;  ///< reads pictures away from the window
};

}  // namespace hyena::app
