#pragma once

#include <memory>

#include <QTimer>
#include <QWidget>
#include <nlohmann/json.hpp>

#include "inspect/views/view.h"

class QVBoxLayout;

namespace hyena::app {

/// The editor of a view's parameters, made from the fields that they list: a row each. Fields that
/// all views share (layer, filter, channel, token, label) are the toolbar's and are left out.
class ParameterPanel : public QWidget {
  Q_OBJECT

 public:
  explicit ParameterPanel(QWidget* parent = nullptr);

  /// Null: nothing to set.
  void show_view(const inspect::View* view, const nlohmann::json& values);
  const nlohmann::json& values() const { return values_; }

 Q_SIGNALS:
  /// 100 ms after the last change.
  void edited(const nlohmann::json& values);

 private:
  void set(const char* name, nlohmann::json value);

  QVBoxLayout* rows_;
  QWidget* body_ = nullptr;
  nlohmann::json values_ = nlohmann::json::object();
  QTimer wait_;
};

/// "layer", "filter", "channel", "token", "label".
bool is_shared_field(const std::string& name);
/// Which of them the view has.
std::vector<std::string> shared_fields(const inspect::View& view);

}  // namespace hyena::app
