#include "app/models/model_store.h"

#include <algorithm>

#include <QTimer>

namespace hyena::app {

ModelStore::ModelStore(QObject* parent) : QObject(parent) {}

ModelStore::~ModelStore() {
  for (auto* list : {&models_, &leaving_}) {
    for (auto* model : *list) model->stop();  // all at once, so that the waiting adds up to one
  }
  for (auto* list : {&models_, &leaving_}) {
    for (auto* model : *list) delete model;
  }
}

LoadedModel* ModelStore::open(const QString& path, const QString& device) {
  for (auto* model : models_) {
    if (model->path() != path) continue;
    if (model->state() == LoadedModel::State::failed) model->load();
    set_current(model);
    return model;
  }
  auto* model = new LoadedModel(path, device, bridge_, nullptr);
  connect(model, &LoadedModel::changed, this, [this, model] {
    if (model->state() == LoadedModel::State::gone) {
      model->stop();
      sweep();
      return;
    }
    Q_EMIT model_changed(model);
  });
  models_.push_back(model);
  model->load();
  Q_EMIT list_changed();
  set_current(model);
  return model;
}

void ModelStore::set_current(LoadedModel* model) {
  if (model == current_) return;
  current_ = model;
  Q_EMIT current_changed();
}

void ModelStore::unload(LoadedModel* model) {
  const auto found = std::ranges::find(models_, model);
  if (found == models_.end()) return;
  models_.erase(found);
  leaving_.push_back(model);
  if (current_ == model) set_current(models_.empty() ? nullptr : models_.back());
  model->unload();
  Q_EMIT list_changed();
}

void ModelStore::sweep() {
  const auto gone = std::stable_partition(leaving_.begin(), leaving_.end(), [](LoadedModel* model) {
    return model->state() != LoadedModel::State::gone || !model->stopped();
  });
  for (auto it = gone; it != leaving_.end(); ++it) (*it)->deleteLater();
  leaving_.erase(gone, leaving_.end());
  if (!leaving_.empty()) QTimer::singleShot(20, this, &ModelStore::sweep);
}

}  // namespace hyena::app
