#include <clocale>
#include <cstdio>

#include <QApplication>

#include "app/look/look.h"
#include "app/main/command_line.h"
#include "app/shell/main_window.h"

int main(int argc, char** argv) {
  using namespace hyena::app;
  using namespace Qt::StringLiterals;
  QStringList words;
  for (int i = 0; i < argc; ++i) words << QString::fromLocal8Bit(argv[i]);
  const auto line = parse_command_line(words);
  if (!line.error.isEmpty()) {
    std::fprintf(stderr, "hyena-studio: %s\n", qPrintable(line.error));
    return 2;
  }
  if (line.help || line.version) {
    std::fputs(qPrintable(line.help ? command_line_help() : u"hyena-studio " HYENA_VERSION "\n"_s),
               stdout);
    return 0;
  }
  QApplication application(argc, argv);
  QApplication::setApplicationName(u"hyena-studio"_s);
  QApplication::setApplicationDisplayName(u"Hyena Studio"_s);
  std::setlocale(LC_NUMERIC, "C");  // Qt takes the user's; numbers in files are C's
  Settings settings(line.profile);
  Look::instance().apply(Look::mode_of(line.theme.isEmpty() ? settings.theme() : line.theme));
  MainWindow window(settings, line.device);
  window.show();
  auto files = line.files;
  const auto recent = settings.recent();
  if (files.isEmpty() && !settings.show_start_page() && !recent.isEmpty()) {
    files << recent.first().path;
  }
  window.open_files(files);
  return QApplication::exec();
}
