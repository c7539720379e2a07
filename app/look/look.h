#pragma once

#include <QFont>
#include <QObject>
#include <QString>

#include "app/look/colors.h"
#include "inspect/paint/fonts.h"
#include "inspect/paint/theme.h"

namespace hyena::app {

using inspect::mono;
using inspect::sans;
using inspect::Weight;

/// Which palette the whole application wears. One for the process, made by the first call.
class Look : public QObject {
  Q_OBJECT

 public:
  enum class Mode { system, light, dark };

  static Look& instance();

  /// Fusion with our style, palette and fonts, for the application.
  void apply(Mode mode);
  Mode mode() const { return mode_; }
  const Colors& colors() const { return *colors_; }
  const inspect::Theme& theme() const;

  static QString name_of(Mode mode);
  /// "system", "light", "dark"; anything else is system.
  static Mode mode_of(const QString& name);

 Q_SIGNALS:
  void changed();

 private:
  Look();

  Mode mode_ = Mode::system;
  bool system_is_dark_ = false;
  const Colors* colors_ = &light_colors();
};

inline const Colors& colors() {
  return Look::instance().colors();
}

}  // namespace hyena::app
