#pragma once

#include <QList>
#include <QWidget>

#include "app/settings/settings.h"

class QVBoxLayout;

namespace hyena::app {

/// What a window without models shows: drop target, recent files, samples.
class StartPage : public QWidget {
  Q_OBJECT

 public:
  explicit StartPage(Settings& settings, QWidget* parent = nullptr);
  void refresh();
  /// Of the recent files, as they are listed; empty: no such row.
  QString recent_path(int row) const;

 Q_SIGNALS:
  void open_asked();
  void file_chosen(const QString& path);

 private:
  void build_recent();
  void build_samples();

  Settings& settings_;
  QList<RecentFile> recent_;
  QVBoxLayout *recent_rows_, *sample_rows_;
};

}  // namespace hyena::app
