#include "inspect/paint/fonts.h"

#include <array>
#include <stdexcept>

#include <QFontDatabase>
#include <QFontMetricsF>
#include <QRawFont>
#include <QtGlobal>

#include "inspect/paint/gui.h"

// Outside of any namespace, as Qt asks.
static void init_font_resource() {
  Q_INIT_RESOURCE(fonts);
}

namespace hyena::inspect {
namespace {

void register_fonts() {
  static const bool done = [] {
    ensure_gui();
    init_font_resource();
    for (const auto* file :
         {"HyenaSans.otf", "HyenaSans-Medium.otf", "HyenaSans-SemiBold.otf", "HyenaMono.ttf"}) {
      if (QFontDatabase::addApplicationFont(QStringLiteral(":/hyena/fonts/") +
                                            QLatin1String(file)) < 0) {
        throw std::runtime_error(std::string("the bundled font ") + file +
                                 " could not be read; this build is damaged");
      }
    }
    return true;
  }();
  static_cast<void>(done);
}

QFont font(const char* family, int pixels) {
  register_fonts();
  QFont font{QString::fromLatin1(family)};
  font.setPixelSize(pixels);
  font.setHintingPreference(QFont::PreferNoHinting);
  font.setStyleStrategy(
      static_cast<QFont::StyleStrategy>(QFont::PreferNoShaping | QFont::NoFontMerging |
                                        QFont::NoSubpixelAntialias | QFont::PreferOutline));
  return font;
}

bool has_sign(uint code) {
  static const QRawFont one = QRawFont::fromFont(sans(16));
  static const QRawFont other = QRawFont::fromFont(mono(16));
  return one.supportsCharacter(code) && other.supportsCharacter(code);
}

}  // namespace

QFont sans(int pixels, Weight weight) {
  static constexpr std::array families{"Hyena Sans", "Hyena Sans Medium", "Hyena Sans SemiBold"};
  return font(families[static_cast<std::size_t>(weight)], pixels);
}

QFont mono(int pixels) {
  return font("Hyena Mono", pixels);
}

QString drawable(const std::string& text) {
  QString out;
  for (const uint code : QString::fromStdString(text).toUcs4()) {
    if (code == '\n' || code == '\r' || code == '\t') {
      out += QLatin1Char(' ');
    } else if ((code >= 0x20 && code < 0x7F) || (code >= 0xA0 && code < 0x100) || has_sign(code)) {
      out += QString::fromUcs4(reinterpret_cast<const char32_t*>(&code), 1);
    } else {
      out += QStringLiteral("‹%1›").arg(QString::number(code, 16).toUpper());
    }
  }
  return out;
}

double text_width(const QFont& font, const QString& text) {
  return QFontMetricsF(font).horizontalAdvance(text);
}

QString elided(const QFont& font, const QString& text, double width) {
  if (text_width(font, text) <= width) return text;
  const QString dots = QStringLiteral("…");
  qsizetype keep = text.size();
  while (keep > 0 && text_width(font, text.left(keep) + dots) > width) --keep;
  return keep == 0 ? QString() : text.left(keep).trimmed() + dots;
}

}  // namespace hyena::inspect
