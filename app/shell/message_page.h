#pragma once

#include <QWidget>

#include "train/jobs/job.h"

namespace hyena::app {

/// An error as a page: one sentence, what is untouched, what to do, details to copy. Never a modal
/// box.
class MessagePage : public QWidget {
  Q_OBJECT

 public:
  /// `subject`: the file or view it is about.
  MessagePage(const QString& subject, const QString& untouched, const train::JobError& error,
              bool can_retry, QWidget* parent = nullptr);
  QString sentence() const { return sentence_; }
  QString report() const { return report_; }

 Q_SIGNALS:
  void retry_asked();
  void close_asked();
  void log_asked();

 private:
  QString sentence_, report_;
};

}  // namespace hyena::app
