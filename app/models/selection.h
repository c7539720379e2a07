#pragma once

#include <QObject>

#include "inspect/views/view.h"

namespace hyena::app {

/// What is looked at in all views: layer, filter, channel, token, class. −1: not chosen. A click
/// sets it, the mouse over a figure previews it.
class SharedSelection : public QObject {
  Q_OBJECT

 public:
  using QObject::QObject;

  const inspect::Selection& chosen() const { return chosen_; }
  /// What is chosen, with what the mouse points at in its place.
  inspect::Selection shown() const;

  /// Fields that are −1 stay as they are.
  void choose(const inspect::Selection& change);
  void set(const inspect::Selection& whole);
  /// `source` is not told to follow its own preview; null with an empty change ends it.
  void preview(const inspect::Selection& change, const QObject* source);
  const QObject* preview_source() const { return source_; }

 Q_SIGNALS:
  void changed();
  void preview_changed();

 private:
  inspect::Selection chosen_, preview_;
  const QObject* source_ = nullptr;
};

bool same(const inspect::Selection& a, const inspect::Selection& b);

}  // namespace hyena::app
