// Writes the gallery into a folder, to look at: paint_gallery FOLDER.
// With --hashes: prints one line a picture instead, for the tests to compare between settings.
#include <cstdio>
#include <filesystem>
#include <string>

#include <QByteArray>
#include <QCryptographicHash>
#include <QGuiApplication>

#include "inspect/paint/export.h"
#include "tests/inspect/figure_gallery.h"

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const std::string where = argv[1];
  const QGuiApplication application(argc, argv);
  const auto figures = hyena::tests::gallery();
  for (std::size_t i = 0; i < figures.size(); ++i) {
    for (const char* theme : {"paper", "light", "dark"}) {
      for (const char* format : {"png", "svg", "pdf"}) {
        if (where != "--hashes" && std::string(theme) != "paper" && std::string(format) != "png") {
          continue;
        }
        const std::string name = std::to_string(i) + "-" + theme + "." + format;
        const auto bytes = hyena::inspect::picture_bytes(figures[i], format, {.theme = theme});
        if (where == "--hashes") {
          const auto hash = QCryptographicHash::hash(QByteArray::fromStdString(bytes),
                                                     QCryptographicHash::Sha256);
          std::printf("%s %s\n", name.c_str(), hash.toHex().constData());
        } else {
          hyena::inspect::export_figure(figures[i], std::filesystem::path(where) / name,
                                        {.theme = theme});
        }
      }
    }
  }
}
