#pragma once

#include <QByteArray>
#include <QDateTime>
#include <QList>
#include <QSettings>
#include <QString>
#include <QStringList>

namespace hyena::app {

/// A file that was open once, with what the start page says about it.
struct RecentFile {
  QString path = {};
  QString kind = {};  ///< "language", "vision"
  qint64 parameters = 0;
  QString dtype = {};
  QDateTime opened = {};
};

/// What is kept between starts: an INI file in the profile's folder. Every key has its default
/// here.
class Settings {
 public:
  /// `profile` empty: the user's configuration folder.
  explicit Settings(const QString& profile);

  QString folder() const { return folder_; }

  QString theme() const;  ///< "system", "light", "dark"
  void set_theme(const QString& name);
  bool show_start_page() const;
  void set_show_start_page(bool show);

  QList<RecentFile> recent() const;  ///< the newest first, nine at most
  void add_recent(const RecentFile& file);
  void clear_recent();

  QByteArray window_geometry() const;
  void set_window_geometry(const QByteArray& geometry);
  void reset();

 private:
  QString folder_;
  mutable QSettings store_;
};

}  // namespace hyena::app
