#pragma once

#include <QWidget>

#include "train/jobs/job.h"

class QLabel;
class QProgressBar;
class QPushButton;

namespace hyena::app {

/// One job in the activity list.
class ActivityRow : public QWidget {
  Q_OBJECT

 public:
  explicit ActivityRow(const train::JobEvent& event, QWidget* parent = nullptr);
  void show_event(const train::JobEvent& event);
  bool finished() const { return finished_; }

 Q_SIGNALS:
  void cancel_asked();

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  QLabel *glyph_, *title_, *percent_, *step_, *time_;
  QProgressBar* bar_;
  QPushButton* cancel_;
  bool finished_ = false, failed_ = false;
};

}  // namespace hyena::app
