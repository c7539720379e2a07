#pragma once

#include <QString>
#include <QStringList>

namespace hyena::app {

/// What the program was started with.
struct CommandLine {
  QStringList files = {};  ///< models, pictures, texts to open
  QString profile = {};    ///< folder of the settings; empty: the user's own
  QString theme = {};      ///< system, light, dark; empty: as the settings say
  QString device = QStringLiteral("cpu");
  QString error = {};  ///< a sentence; nothing else counts then
  bool help = false, version = false;
};

CommandLine parse_command_line(const QStringList& arguments);
QString command_line_help();

}  // namespace hyena::app
