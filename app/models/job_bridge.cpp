#include "app/models/job_bridge.h"

#include <QMetaObject>

namespace hyena::app {

using Clock = std::chrono::steady_clock;

bool JobBridge::too_soon(const train::JobEvent& event) {
  constexpr std::chrono::milliseconds kBetween(33);
  const std::lock_guard lock(mutex_);
  if (event.finished()) {
    last_.erase(event.number);
    return false;
  }
  if (event.state != train::JobState::running || event.progress.step.empty()) return false;
  auto& last = last_[event.number];
  const auto now = Clock::now();
  if (now - last < kBetween) return true;
  last = now;
  return false;
}

train::Worker::Listener JobBridge::listener() {
  return [this](const train::JobEvent& told) {
    if (too_soon(told)) return;
    QMetaObject::invokeMethod(
        this, [this, told] { Q_EMIT event(told); }, Qt::QueuedConnection);
  };
}

}  // namespace hyena::app
