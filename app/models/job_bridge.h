#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <mutex>

#include <QObject>

#include "train/jobs/worker.h"

namespace hyena::app {

/// The one place that knows two threads: what workers report arrives here on the window's thread,
/// progress at most 30 times a second. Must outlive the workers that it listens to.
class JobBridge : public QObject {
  Q_OBJECT

 public:
  using QObject::QObject;

  train::Worker::Listener listener();

 Q_SIGNALS:
  void event(const hyena::train::JobEvent& event);

 private:
  bool too_soon(const train::JobEvent& event);

  std::mutex mutex_;  ///< of last_ alone; held for a look-up
  std::map<std::uint64_t, std::chrono::steady_clock::time_point> last_;
};

}  // namespace hyena::app
