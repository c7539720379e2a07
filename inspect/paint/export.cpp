#include "inspect/paint/export.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <stdexcept>

#include <QBuffer>
#include <QHashFunctions>
#include <QImage>
#include <QImageWriter>
#include <QPageSize>
#include <QPainter>
#include <QPdfWriter>
#include <QSvgGenerator>

#include "backbone/atomic_file.h"
#include "inspect/figure/figure_files.h"
#include "inspect/figure/figure_json.h"
#include "inspect/figure/figure_text.h"
#include "inspect/paint/figure_painter.h"
#include "inspect/paint/gui.h"

namespace hyena::inspect {
namespace {

struct Page {
  FigureLayout layout;
  double inches_wide = 0, inches_high = 0;
  double dpi = 0;
};

Page make_page(FigurePainter& painter, const ExportOptions& options, bool pixels) {
  const Theme& theme = painter.theme();
  Page page;
  page.dpi = !pixels ? 96 : options.dpi > 0 ? options.dpi : theme.print ? 300 : 96;
  const double per_inch = options.millimetres ? 25.4 : page.dpi;
  if (options.width < 0 || options.height < 0 || !(page.dpi >= 10 && page.dpi <= 2400)) {
    throw std::invalid_argument("a picture needs a size above 0 and 10 to 2400 dots per inch");
  }
  page.inches_wide = options.width > 0 ? options.width / per_inch
                     : theme.print     ? 180 / 25.4
                                       : 1200.0 / 96;
  const double units = theme.units_per_inch();
  page.inches_high = options.height > 0
                         ? options.height / per_inch
                         : painter.preferred_height(page.inches_wide * units) / units;
  constexpr double longest = 20000;
  if (page.inches_wide < 0.5 || page.inches_high < 0.2 ||
      (pixels && std::max(page.inches_wide, page.inches_high) * page.dpi > longest)) {
    throw std::invalid_argument(
        "a picture of this size cannot be painted: at least 0.5 x 0.2 inches, at most 20000 pixels "
        "a side");
  }
  page.layout = painter.layout({page.inches_wide * units, page.inches_high * units});
  return page;
}

std::string provenance_of(const Figure& figure) {
  return provenance_json(figure.provenance)
      .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string png(FigurePainter& painter, const ExportOptions& options) {
  const Page page = make_page(painter, options, true);
  QImage image(std::max(1, static_cast<int>(std::lround(page.inches_wide * page.dpi))),
               std::max(1, static_cast<int>(std::lround(page.inches_high * page.dpi))),
               QImage::Format_RGB32);
  image.fill(painter.theme().page);
  // Metrics of fonts follow the device: all are measured at the same 96 dpi.
  QPainter on(&image);
  const double scale = page.dpi / painter.theme().units_per_inch();
  on.scale(scale, scale);
  painter.paint(on, page.layout);
  on.end();
  const int per_metre = static_cast<int>(std::lround(page.dpi / 0.0254));
  image.setDotsPerMeterX(per_metre);
  image.setDotsPerMeterY(per_metre);
  const Figure& figure = painter.figure();
  const auto add = [&](const char* key, const std::string& text) {
    if (!text.empty()) image.setText(QString::fromLatin1(key), QString::fromStdString(text));
  };
  add("Title", figure.title);
  add("Description", caption_text(figure));
  add("Software", figure.provenance.program);
  add("Provenance", provenance_of(figure));
  QByteArray bytes;
  QBuffer buffer(&bytes);
  buffer.open(QIODevice::WriteOnly);
  if (!image.convertToFormat(QImage::Format_RGB888).save(&buffer, "PNG")) {
    throw std::runtime_error("this Qt cannot write PNG");
  }
  return bytes.toStdString();
}

std::string svg(FigurePainter& painter, const ExportOptions& options) {
  const Page page = make_page(painter, options, false);
  const Figure& figure = painter.figure();
  QByteArray bytes;
  QBuffer buffer(&bytes);
  buffer.open(QIODevice::WriteOnly);
  QSvgGenerator generator;
  generator.setOutputDevice(&buffer);
  generator.setResolution(96);
  const QSizeF size(page.inches_wide * 96, page.inches_high * 96);
  generator.setSize(size.toSize());
  generator.setViewBox(QRectF({0, 0}, size));
  generator.setTitle(QString::fromStdString(figure.title).toHtmlEscaped());
  generator.setDescription(
      QString::fromStdString(caption_text(figure) + "\n" + provenance_of(figure)).toHtmlEscaped());
  QPainter on(&generator);
  const double scale = 96 / painter.theme().units_per_inch();
  on.scale(scale, scale);
  painter.paint(on, page.layout);
  on.end();
  // Cells stay sharp in viewers that know the newer word alone.
  bytes.replace("image-rendering=\"optimizeSpeed\"",
                "image-rendering=\"optimizeSpeed\" style=\"image-rendering:pixelated\"");
  return bytes.toStdString();
}

/// Qt's PDF writer puts fonts in the order of a hash table, whose seed differs from run to run.
class FixedHashSeed {
 public:
  FixedHashSeed() { QHashSeed::setDeterministicGlobalSeed(); }
  ~FixedHashSeed() { QHashSeed::resetRandomGlobalSeed(); }
  FixedHashSeed(const FixedHashSeed&) = delete;
  FixedHashSeed& operator=(const FixedHashSeed&) = delete;
};

std::string pdf(FigurePainter& painter, const ExportOptions& options) {
  const FixedHashSeed fixed;
  const Page page = make_page(painter, options, false);
  const Figure& figure = painter.figure();
  QByteArray bytes;
  QBuffer buffer(&bytes);
  buffer.open(QIODevice::WriteOnly);
  QPdfWriter writer(&buffer);
  writer.setPdfVersion(QPagedPaintDevice::PdfVersion_1_6);
  writer.setResolution(1200);
  writer.setTitle(QString::fromStdString(figure.title));
  writer.setCreator(QString::fromStdString(figure.provenance.program));
  writer.setPageSize(QPageSize(QSizeF(page.inches_wide * 72, page.inches_high * 72),
                               QPageSize::Point, QString(), QPageSize::ExactMatch));
  writer.setPageMargins(QMarginsF(0, 0, 0, 0));
  const std::string about = caption_text(figure) + "\n" + provenance_of(figure) + "\n";
  writer.addFileAttachment(QStringLiteral("provenance.txt"), QByteArray::fromStdString(about),
                           QStringLiteral("text/plain"));
  QPainter on(&writer);
  const double scale = 1200 / painter.theme().units_per_inch();
  on.scale(scale, scale);
  painter.paint(on, page.layout);
  on.end();
  const char* epoch = std::getenv("SOURCE_DATE_EPOCH");
  return without_clock(bytes.toStdString(), epoch ? std::atoll(epoch) : 0);
}

}  // namespace

std::string picture_bytes(const Figure& figure, const std::string& format,
                          const ExportOptions& options) {
  ensure_gui();
  const Theme& theme = find_theme(options.theme.empty() ? "paper" : options.theme);
  PaintOptions how;
  how.heading = options.heading;
  how.text_outlines = format == "svg";
  FigurePainter painter(figure, theme, how);
  if (format == "png") return png(painter, options);
  if (format == "svg") return svg(painter, options);
  if (format == "pdf") return pdf(painter, options);
  throw std::invalid_argument("pictures of figures are written as png, svg or pdf, not \"" +
                              format + "\"");
}

void export_figure(const Figure& figure, const std::filesystem::path& file,
                   const ExportOptions& options) {
  const std::string suffix = file.extension().string();
  if (suffix == ".npy" || suffix == ".csv" || suffix == ".json") {
    return write_figure_data(figure, file, options.panel);
  }
  if (suffix != ".png" && suffix != ".svg" && suffix != ".pdf") {
    throw std::invalid_argument(file.string() +
                                ": figures are written as .png, .svg, .pdf, .npy, .csv or .json, "
                                "not \"" +
                                suffix + "\"");
  }
  backbone::write_file_atomically(file, picture_bytes(figure, suffix.substr(1), options));
}

}  // namespace hyena::inspect
