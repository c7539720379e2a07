#pragma once

#include <string>

#include <QFont>
#include <QString>

namespace hyena::inspect {

enum class Weight { regular, medium, semibold };

/// The bundled fonts, under names of their own so that no installed font can take their place:
/// Inter as "Hyena Sans" and JetBrains Mono as "Hyena Mono". `pixels` are layout units. No hinting,
/// no ligatures, no other font for missing signs: equal pixels on every machine.
QFont sans(int pixels, Weight weight = Weight::regular);
QFont mono(int pixels);

/// UTF-8 as the fonts can show it: a sign they lack becomes its code point, "‹4E2D›"; line ends
/// become spaces.
QString drawable(const std::string& text);

double text_width(const QFont& font, const QString& text);
/// Shortened with "…" to at most `width`.
QString elided(const QFont& font, const QString& text, double width);

}  // namespace hyena::inspect
