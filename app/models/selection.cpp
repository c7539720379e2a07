#include "app/models/selection.h"

#include <tuple>

namespace hyena::app {
namespace {

auto fields(const inspect::Selection& s) {
  return std::tie(s.layer, s.filter, s.channel, s.token, s.label);
}

inspect::Selection merged(inspect::Selection base, const inspect::Selection& change) {
  if (change.layer >= 0) base.layer = change.layer;
  if (change.filter >= 0) base.filter = change.filter;
  if (change.channel >= 0) base.channel = change.channel;
  if (change.token >= 0) base.token = change.token;
  if (change.label >= 0) base.label = change.label;
  return base;
}

}  // namespace

bool same(const inspect::Selection& a, const inspect::Selection& b) {
  return fields(a) == fields(b);
}

inspect::Selection SharedSelection::shown() const {
  return merged(chosen_, preview_);
}

void SharedSelection::choose(const inspect::Selection& change) {
  set(merged(chosen_, change));
}

void SharedSelection::set(const inspect::Selection& whole) {
  preview_ = {};
  source_ = nullptr;
  if (same(whole, chosen_)) return;
  chosen_ = whole;
  Q_EMIT changed();
}

void SharedSelection::preview(const inspect::Selection& change, const QObject* source) {
  if (same(change, preview_)) return;
  preview_ = change;
  source_ = source;
  Q_EMIT preview_changed();
}

}  // namespace hyena::app
