#pragma once

#include <QMap>
#include <QWidget>

#include "train/jobs/job.h"

class QVBoxLayout;

namespace hyena::app {

class ActivityRow;

/// Jobs, the newest first: progress and cancel for what runs, the outcome of what is done.
class ActivityPanel : public QWidget {
  Q_OBJECT

 public:
  explicit ActivityPanel(QWidget* parent = nullptr);
  void take(const train::JobEvent& event);
  int running() const { return running_; }

 Q_SIGNALS:
  void cancel_asked(quint64 number);
  void running_changed(int running);

 private:
  QVBoxLayout* rows_;
  QMap<quint64, ActivityRow*> known_;
  int running_ = 0;
};

}  // namespace hyena::app
