#include "app/settings/settings.h"

#include <algorithm>

#include <QStandardPaths>

namespace hyena::app {

using namespace Qt::StringLiterals;

namespace {

constexpr int kRecent = 9;  // Ctrl+1 … Ctrl+9

QString folder_of(const QString& profile) {
  if (!profile.isEmpty()) return profile;
  return QStandardPaths::writableLocation(QStandardPaths::GenericConfigLocation) +
         "/hyena-studio"_L1;
}

}  // namespace

Settings::Settings(const QString& profile)
    : folder_(folder_of(profile)), store_(folder_ + "/settings.ini"_L1, QSettings::IniFormat) {}

QString Settings::theme() const {
  return store_.value("look/theme"_L1, u"system"_s).toString();
}
void Settings::set_theme(const QString& name) {
  store_.setValue("look/theme"_L1, name);
}
bool Settings::show_start_page() const {
  return store_.value("start/show"_L1, true).toBool();
}
void Settings::set_show_start_page(bool show) {
  store_.setValue("start/show"_L1, show);
}
QByteArray Settings::window_geometry() const {
  return store_.value("window/geometry"_L1).toByteArray();
}
void Settings::set_window_geometry(const QByteArray& geometry) {
  store_.setValue("window/geometry"_L1, geometry);
}
void Settings::reset() {
  store_.clear();
}

QList<RecentFile> Settings::recent() const {
  QList<RecentFile> files;
  const int n = store_.beginReadArray("recent"_L1);
  for (int i = 0; i < std::min(n, kRecent); ++i) {
    store_.setArrayIndex(i);
    files.append({.path = store_.value("path"_L1).toString(),
                  .kind = store_.value("kind"_L1).toString(),
                  .parameters = store_.value("parameters"_L1).toLongLong(),
                  .dtype = store_.value("dtype"_L1).toString(),
                  .opened = store_.value("opened"_L1).toDateTime()});
  }
  store_.endArray();
  return files;
}

void Settings::add_recent(const RecentFile& file) {
  auto files = recent();
  files.removeIf([&](const RecentFile& other) { return other.path == file.path; });
  files.prepend(file);
  store_.remove("recent"_L1);
  store_.beginWriteArray("recent"_L1);
  for (int i = 0; i < std::min<int>(static_cast<int>(files.size()), kRecent); ++i) {
    store_.setArrayIndex(i);
    store_.setValue("path"_L1, files[i].path);
    store_.setValue("kind"_L1, files[i].kind);
    store_.setValue("parameters"_L1, files[i].parameters);
    store_.setValue("dtype"_L1, files[i].dtype);
    store_.setValue("opened"_L1, files[i].opened);
  }
  store_.endArray();
}

void Settings::clear_recent() {
  store_.remove("recent"_L1);
}

}  // namespace hyena::app
