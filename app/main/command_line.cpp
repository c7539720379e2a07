#include "app/main/command_line.h"

#include <QFileInfo>

namespace hyena::app {

using namespace Qt::StringLiterals;

CommandLine parse_command_line(const QStringList& arguments) {
  CommandLine out;
  bool options = true;
  for (qsizetype i = 1; i < arguments.size(); ++i) {
    const auto& word = arguments[i];
    if (options && word == "--"_L1) {
      options = false;
    } else if (options && (word == "--help"_L1 || word == "-h"_L1)) {
      out.help = true;
    } else if (options && word == "--version"_L1) {
      out.version = true;
    } else if (options &&
               (word == "--profile"_L1 || word == "--theme"_L1 || word == "--device"_L1)) {
      if (i + 1 >= arguments.size()) {
        out.error = u"%1 needs a value; see hyena-studio --help"_s.arg(word);
        return out;
      }
      auto& value = word == "--profile"_L1 ? out.profile
                    : word == "--theme"_L1 ? out.theme
                                           : out.device;
      value = arguments[++i];
    } else if (options && word.startsWith(u'-')) {
      out.error = u"unknown option %1; see hyena-studio --help"_s.arg(word);
      return out;
    } else {
      out.files << QFileInfo(word).absoluteFilePath();
    }
  }
  if (!out.theme.isEmpty() && out.theme != "system"_L1 && out.theme != "light"_L1 &&
      out.theme != "dark"_L1) {
    out.error = u"--theme is system, light or dark, not \"%1\""_s.arg(out.theme);
  }
  return out;
}

QString command_line_help() {
  return u"usage: hyena-studio [options] [FILE …]\n\n"
         "Opens models (.safetensors, .pt, folders), pictures and texts.\n\n"
         "  --profile DIR   keep settings in DIR instead of the user's folder\n"
         "  --theme NAME    system, light or dark\n"
         "  --device NAME   where models run: cpu (default), cuda\n"
         "  --version       print the version\n"
         "  --help          print this\n"_s;
}

}  // namespace hyena::app
