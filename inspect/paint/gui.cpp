#include "inspect/paint/gui.h"

#include <array>
#include <clocale>
#include <stdexcept>

#include <QCoreApplication>
#include <QGuiApplication>

namespace hyena::inspect {
namespace {

QtMessageHandler others = nullptr;

/// No figure needs a folder for sockets, so that its absence is nothing to tell the user.
void without_paths(QtMsgType type, const QMessageLogContext& context, const QString& message) {
  if (message.startsWith(QStringLiteral("QStandardPaths: XDG_RUNTIME_DIR"))) return;
  if (others) others(type, context, message);
}

}  // namespace

void ensure_gui() {
  if (const auto* there = QCoreApplication::instance()) {
    if (!qobject_cast<const QGuiApplication*>(there)) {
      throw std::runtime_error(
          "pictures of figures need QGuiApplication; this program made a QCoreApplication");
    }
    return;
  }
  static std::array<char, 6> program{"hyena"};
  static std::array<char, 10> option{"-platform"};
  static std::array<char, 10> platform{"offscreen"};
  static std::array<char*, 4> arguments{program.data(), option.data(), platform.data(), nullptr};
  static int count = 3;
  // Never destroyed: fonts and images may outlive any order of static objects.
  others = qInstallMessageHandler(without_paths);
  static const auto* application = new QGuiApplication(count, arguments.data());
  static_cast<void>(application);
  qInstallMessageHandler(others);
  std::setlocale(LC_NUMERIC, "C");
}

}  // namespace hyena::inspect
