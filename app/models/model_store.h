#pragma once

#include <vector>

#include <QObject>
#include <QString>

#include "app/models/job_bridge.h"
#include "app/models/loaded_model.h"

namespace hyena::app {

/// The open models, the one that is looked at, and the order in which all of it ends: workers are
/// asked to stop, then waited for, then models go.
class ModelStore : public QObject {
  Q_OBJECT

 public:
  explicit ModelStore(QObject* parent = nullptr);
  ~ModelStore() override;

  JobBridge& bridge() { return bridge_; }
  const std::vector<LoadedModel*>& models() const { return models_; }
  LoadedModel* current() const { return current_; }

  /// Opens a file, or comes back to it where it is open already.
  LoadedModel* open(const QString& path, const QString& device);
  void set_current(LoadedModel* model);
  /// Takes it out at once and frees it on its thread.
  void unload(LoadedModel* model);

 Q_SIGNALS:
  void list_changed();
  void current_changed();
  void model_changed(hyena::app::LoadedModel* model);

 private:
  void sweep();

  JobBridge bridge_;  ///< outlives the models
  std::vector<LoadedModel*> models_, leaving_;
  LoadedModel* current_ = nullptr;
};

}  // namespace hyena::app
