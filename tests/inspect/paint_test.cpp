#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include <QByteArray>
#include <QCryptographicHash>
#include <QImage>
#include <gtest/gtest.h>

#include "inspect/paint/export.h"
#include "inspect/paint/figure_painter.h"
#include "inspect/paint/fonts.h"
#include "inspect/paint/gui.h"
#include "tests/inspect/figure_gallery.h"
#include "tests/support/files.h"

namespace hyena::inspect {
namespace {

using tests::gallery;

/// What a shell command prints.
std::string output_of(const std::string& command) {
  std::string text;
  std::FILE* pipe = popen((command + " 2>/dev/null").c_str(), "r");
  std::array<char, 4096> buffer{};
  while (pipe && std::fgets(buffer.data(), buffer.size(), pipe)) text += buffer.data();
  if (pipe) pclose(pipe);
  return text;
}

bool has_program(const std::string& name) {
  return !output_of("command -v " + name).empty();
}

std::string pixel_hash(const std::string& png) {
  const QImage image =
      QImage::fromData(QByteArray::fromStdString(png)).convertToFormat(QImage::Format_RGB888);
  QCryptographicHash hash(QCryptographicHash::Sha256);
  for (int row = 0; row < image.height(); ++row) {
    hash.addData(QByteArrayView(image.constScanLine(row), image.width() * qsizetype{3}));
  }
  return hash.result().toHex().left(16).toStdString();
}

TEST(Painting, EqualsTheStoredPictures) {
  ensure_gui();
  if (std::string(qVersion()) != "6.4.2") {
    GTEST_SKIP() << "the stored hashes are those of Qt 6.4.2, this is " << qVersion();
  }
  const std::array<std::array<const char*, 3>, 5> golden{{
#include "tests/inspect/paint_golden.inc"
  }};
  const auto figures = gallery();
  const std::array themes{"paper", "light", "dark"};
  for (std::size_t i = 0; i < figures.size(); ++i) {
    for (std::size_t j = 0; j < themes.size(); ++j) {
      EXPECT_EQ(pixel_hash(picture_bytes(figures[i], "png", {.theme = themes[j]})), golden[i][j])
          << "figure " << i << ", theme " << themes[j] << "; look at it: paint_gallery FOLDER";
    }
  }
}

TEST(Painting, DependsOnNoSettingOfTheScreen) {
  const std::string program = std::string(PAINT_GALLERY) + " --hashes";
  const std::string plain = output_of("QT_QPA_PLATFORM=offscreen " + program);
  ASSERT_GT(plain.size(), 1000U);
  for (const char* setting :
       {"QT_SCALE_FACTOR=1.5", "QT_SCALE_FACTOR=2", "QT_FONT_DPI=144", "LC_ALL=de_DE.UTF-8"}) {
    EXPECT_EQ(output_of("QT_QPA_PLATFORM=offscreen " + std::string(setting) + " " + program), plain)
        << setting;
  }
  if (!has_program("xvfb-run")) GTEST_SKIP() << "no xvfb-run here: X11 is not compared";
  for (const char* setting : {"QT_SCALE_FACTOR=1", "QT_FONT_DPI=144"}) {
    EXPECT_EQ(output_of("QT_QPA_PLATFORM=xcb " + std::string(setting) + " xvfb-run -a " + program),
              plain)
        << setting;
  }
}

TEST(Painting, FilesAreEqualInEveryFolderAndNameNoPath) {
  const tests::TemporaryFolder one, two;
  for (const char* name : {"f.png", "f.svg", "f.pdf", "f.csv"}) {
    export_figure(gallery()[1], one / name);
    export_figure(gallery()[1], two / name);
    const std::string bytes = tests::read_file(one / name);
    EXPECT_EQ(bytes, tests::read_file(two / name)) << name;
    EXPECT_EQ(bytes.find(one.path().string()), std::string::npos) << name;
  }
  EXPECT_THROW(export_figure(gallery()[1], one / "f.bmp"), std::invalid_argument);
  EXPECT_THROW(export_figure(gallery()[1], one / "g.png", {.theme = "pink"}),
               std::invalid_argument);
  EXPECT_THROW(export_figure(gallery()[1], one / "g.png", {.width = 1e9}), std::invalid_argument);
}

TEST(Painting, PicturesCarryTheirProvenance) {
  const std::string png = picture_bytes(gallery()[0], "png");
  const QImage image = QImage::fromData(QByteArray::fromStdString(png));
  EXPECT_NE(image.text("Provenance").toStdString().find("\"layer\":6"), std::string::npos);
  EXPECT_NE(image.text("Description").toStdString().find("3fa9c1d2"), std::string::npos);
  EXPECT_EQ(image.width(), 2126);  // 180 mm at 300 dots per inch
  EXPECT_EQ(image.dotsPerMeterX(), 11811);
  const std::string svg = picture_bytes(gallery()[0], "svg");
  EXPECT_NE(svg.find("&quot;layer&quot;:6"), std::string::npos);
  EXPECT_NE(svg.find("image-rendering:pixelated"), std::string::npos);
  EXPECT_EQ(svg.find("<text"), std::string::npos);
}

TEST(Painting, PdfIsReadable) {
  if (!has_program("pdftotext") || !has_program("pdfinfo")) {
    GTEST_SKIP() << "no pdftotext and pdfinfo here (package poppler-utils)";
  }
  const tests::TemporaryFolder folder;
  const auto file = folder / "f.pdf";
  export_figure(gallery()[0], file);
  const std::string info = output_of("TZ=UTC pdfinfo " + file.string());
  EXPECT_NE(info.find("Jan  1 00:00:00 1970"), std::string::npos) << info;
  EXPECT_EQ(output_of("pdfinfo " + file.string() + " 2>&1 >/dev/null"), "");
  EXPECT_NE(output_of("pdftotext " + file.string() + " -").find("lag τ (tokens)"),
            std::string::npos);
  setenv("SOURCE_DATE_EPOCH", "86400", 1);
  export_figure(gallery()[0], file);
  unsetenv("SOURCE_DATE_EPOCH");
  EXPECT_NE(output_of("TZ=UTC pdfinfo " + file.string()).find("Jan  2 00:00:00 1970"),
            std::string::npos);
}

TEST(Layout, PixelsAndUnitsGoOverIntoEachOther) {
  const auto figures = gallery();
  for (const auto& figure : figures) {
    FigurePainter painter(figure, find_theme("light"));
    const auto layout = painter.layout({1200, painter.preferred_height(1200)});
    ASSERT_EQ(layout.panels.size(), figure.panels.size());
    for (const auto& panel : layout.panels) {
      EXPECT_TRUE(layout.page.contains(panel.cell));
      EXPECT_TRUE(panel.cell.adjusted(-1, -1, 1, 1).contains(panel.plot));
      const QPointF units = panel.to_units(panel.plot.center());
      const QPointF pixel = panel.to_pixel(units.x(), units.y());
      EXPECT_NEAR(pixel.x(), panel.plot.center().x(), 1e-6);
      EXPECT_NEAR(pixel.y(), panel.plot.center().y(), 1e-6);
      EXPECT_EQ(layout.panel_at(panel.plot.center()), static_cast<std::ptrdiff_t>(panel.panel));
    }
  }
}

TEST(Layout, RangesComeFromTheFigureAndMapsShowWholeCells) {
  Figure figure = gallery()[0];
  figure.panels[0].x.range = Range{10, 20};
  figure.panels[2].x.range = Range{10.2, 19.9};
  FigurePainter painter(figure, find_theme("dark"));
  const auto layout = painter.layout({1200, 800});
  EXPECT_EQ(layout.panels[0].left, 10);
  EXPECT_EQ(layout.panels[0].right, 20);
  EXPECT_EQ(layout.panels[2].left, 9.5);
  EXPECT_EQ(layout.panels[2].right, 20.5);
  EXPECT_EQ(layout.panels[0].plot.left(), layout.panels[2].plot.left());
  EXPECT_EQ(layout.panels[0].plot.right(), layout.panels[2].plot.right());
}

TEST(Fonts, ShowEverySignOrItsCode) {
  EXPECT_EQ(drawable("lag τ −0.1·10⁻⁵ 2\u2009048 → ∞"),
            QStringLiteral("lag τ −0.1·10⁻⁵ 2\u2009048 → ∞"));
  EXPECT_EQ(drawable("中"), QStringLiteral("‹4E2D›"));
}

}  // namespace
}  // namespace hyena::inspect
