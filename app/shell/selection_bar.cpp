#include "app/shell/selection_bar.h"

#include <algorithm>

#include <QComboBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QSignalBlocker>
#include <QSpinBox>

#include "app/look/look.h"

namespace hyena::app {

using namespace Qt::StringLiterals;

SelectionBar::SelectionBar(ModelStore& store, SharedSelection& selection, QWidget* parent)
    : QWidget(parent),
      store_(store),
      selection_(selection),
      none_(new QLabel(tr("No model loaded"))),
      body_(new QWidget),
      model_(new QComboBox) {
  auto* outer = new QHBoxLayout(this);
  outer->setContentsMargins(8, 0, 0, 0);
  none_->setForegroundRole(QPalette::PlaceholderText);
  outer->addWidget(none_);
  outer->addWidget(body_);
  auto* row = new QHBoxLayout(body_);
  row->setContentsMargins(0, 0, 0, 0);
  row->setSpacing(8);
  model_->setMinimumWidth(200);
  model_->setAccessibleName(tr("Model"));
  row->addWidget(model_);
  const auto stepper = [&](const QString& name, int width) {
    row->addSpacing(8);
    auto* label = new QLabel(name);
    label->setForegroundRole(QPalette::PlaceholderText);
    row->addWidget(label);
    auto* box = new QSpinBox;
    box->setAccessibleName(name);
    box->setFont(mono(12));
    box->setAlignment(Qt::AlignCenter);
    box->setMinimumWidth(width);
    box->setKeyboardTracking(false);
    label->setBuddy(box);
    row->addWidget(box);
    return box;
  };
  layer_ = stepper(tr("Layer"), 100);
  filter_ = stepper(tr("Filter"), 92);
  channel_ = stepper(tr("Channel"), 112);
  connect(model_, &QComboBox::activated, this, [this](int index) {
    const auto& models = store_.models();
    if (index >= 0 && index < static_cast<int>(models.size())) {
      store_.set_current(models[static_cast<std::size_t>(index)]);
    }
  });
  connect(layer_, &QSpinBox::valueChanged, this,
          [this](int value) { selection_.choose({.layer = value}); });
  connect(filter_, &QSpinBox::valueChanged, this,
          [this](int value) { selection_.choose({.filter = value}); });
  connect(channel_, &QSpinBox::valueChanged, this,
          [this](int value) { selection_.choose({.channel = value}); });
  connect(&selection_, &SharedSelection::changed, this, &SelectionBar::show_selection);
  connect(&store_, &ModelStore::list_changed, this, &SelectionBar::list_models);
  connect(&store_, &ModelStore::current_changed, this, &SelectionBar::follow_model);
  connect(&store_, &ModelStore::model_changed, this, [this](LoadedModel* model) {
    if (model == store_.current()) follow_model();
  });
  list_models();
}

void SelectionBar::list_models() {
  const QSignalBlocker quiet(model_);
  model_->clear();
  for (const auto* model : store_.models()) model_->addItem(model->title());
  follow_model();
}

void SelectionBar::follow_model() {
  auto* model = store_.current();
  none_->setVisible(!model);
  body_->setVisible(model != nullptr);
  if (!model) return;
  const auto& models = store_.models();
  const auto at = std::ranges::find(models, model) - models.begin();
  model_->setCurrentIndex(static_cast<int>(at));
  show_selection();
}

void SelectionBar::show_selection() {
  const auto* model = store_.current();
  const bool ready = model && model->ready() && !model->facts().layers.empty();
  for (auto* box : {layer_, filter_, channel_}) box->setEnabled(ready);
  if (!ready) return;
  const auto& facts = model->facts();
  const auto fill = [](QSpinBox* box, std::int64_t count, std::int64_t value) {
    const QSignalBlocker quiet(box);
    const auto last = static_cast<int>(std::max<std::int64_t>(count, 1)) - 1;
    box->setRange(0, last);
    box->setSuffix(u" / %1"_s.arg(last));
    box->setValue(static_cast<int>(std::clamp<std::int64_t>(value, 0, last)));
    box->setEnabled(count > 0);
  };
  fill(layer_, static_cast<std::int64_t>(facts.layers.size()), selection_.chosen().layer);
  const auto& layer = facts.layers[static_cast<std::size_t>(layer_->value())];
  fill(filter_, layer.filters, selection_.chosen().filter);
  fill(channel_, layer.channels, selection_.chosen().channel);
}

void SelectionBar::step(int layers, int channels) {
  if (layers != 0) layer_->setValue(layer_->value() + layers);
  if (channels != 0) channel_->setValue(channel_->value() + channels);
}

}  // namespace hyena::app
