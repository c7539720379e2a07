#pragma once

#include <QColor>
#include <QIcon>
#include <QPixmap>
#include <QString>

namespace hyena::app {

/// Own drawings on a grid of 16, lines of 1.25 with round ends, in the palette's colours at the
/// moment of painting: text 2, accent where chosen. An unknown name gives an empty icon.
QIcon icon(const char* name);
/// In one colour whatever the state.
QIcon icon(const char* name, const QColor& color);
QPixmap icon_pixmap(const char* name, const QColor& color, int size, double ratio);
bool has_icon(const char* name);

}  // namespace hyena::app
