#include "app/look/icons.h"

#include <array>
#include <cstring>

#include <QIconEngine>
#include <QPainter>
#include <QSvgRenderer>

#include "app/look/look.h"

namespace hyena::app {
namespace {

struct Drawing {
  const char* name;
  const char* paths;  ///< the d of one <path>
};

constexpr std::array drawings{
    Drawing{"open", "M1.5 12.5v-9h4.2l1.5 2h7.3v7zM1.5 7.5h13"},
    Drawing{"save", "M2.5 2.5h9l2 2v9h-11zM5 2.5v3.5h5v-3.5M4.5 13.5v-4.5h7v4.5"},
    Drawing{"search", "M11 6.8a4.2 4.2 0 1 1-8.4 0 4.2 4.2 0 0 1 8.4 0zM10 10l4 4"},
    Drawing{"layers", "M8 2l6 3-6 3-6-3zM2 8l6 3 6-3M2 11l6 3 6-3"},
    Drawing{"bars", "M2.5 13.5v-4M6.2 13.5v-10M9.8 13.5v-7M13.5 13.5v-5"},
    Drawing{"filter",
            "M1.5 8.5c1.2 0 1.2-5.5 2.6-5.5s1.6 10 3.2 10 1.5-7.5 2.8-7.5 1.2 4 2.2 4 "
            "1-1.5 2.2-1.5"},
    Drawing{"gate", "M1.5 4.5h3.5v7h-3.5M14.5 4.5h-3.5v7h3.5M5 8h6"},
    Drawing{"matrix", "M2.5 2.5v11h11zM2.5 6.2h3.7v7.3M2.5 9.9h7.4v3.6"},
    Drawing{"split", "M1.5 5l4 3-4 3zM8 4.5h6.5M8 8h6.5M8 11.5h6.5"},
    Drawing{"text", "M2.5 4h11M2.5 8h11M2.5 12h7"},
    Drawing{"picture", "M2 2.5h12v11h-12zM2 11l3.5-3.5 3 3 2-2 3.5 3.5M11 5.5h.01"},
    Drawing{"table", "M2 2.5h12v11h-12zM2 6h12M6.5 6v7.5"},
    Drawing{"compare", "M2 2.5h12v11h-12zM8 2.5v11"},
    Drawing{"export", "M8 10.5v-8M5 5l3-3 3 3M2.5 9v4.5h11v-4.5"},
    Drawing{"copy", "M5.5 5.5h8v8h-8zM5.5 10.5h-3v-8h8v3"},
    Drawing{"pin", "M5.5 2h5M6.3 2v4.5l-2.3 2.5h8l-2.3-2.5v-4.5M8 9v5"},
    Drawing{"lock", "M3.5 7h9v6.5h-9zM5.5 7v-2a2.5 2.5 0 0 1 5 0v2"},
    Drawing{"run", "M4.5 2.8v10.4l8.5-5.2z"},
    Drawing{"stop", "M3.5 3.5h9v9h-9z"},
    Drawing{"again", "M13 8a5 5 0 1 1-1.6-3.7M13 1.8v3h-3"},
    Drawing{"warning", "M8 2l6.5 11.5h-13zM8 6.5v3.3M8 11.6h.01"},
    Drawing{"error", "M5.2 1.5h5.6l3.7 3.7v5.6l-3.7 3.7h-5.6l-3.7-3.7v-5.6zM8 4.7v4M8 11.2h.01"},
    Drawing{"done", "M2.5 8.5l3.5 3.5 7.5-8"},
    Drawing{"clock", "M14 8a6 6 0 1 1-12 0 6 6 0 0 1 12 0zM8 4.5v3.5l2.5 1.5"},
    Drawing{"add", "M8 2.5v11M2.5 8h11"},
    Drawing{"close", "M3.5 3.5l9 9M12.5 3.5l-9 9"},
    Drawing{"down", "M4 6l4 4 4-4"},
    Drawing{"up", "M4 10l4-4 4 4"},
    Drawing{"right", "M6 4l4 4-4 4"},
    Drawing{"left", "M10 4l-4 4 4 4"},
    Drawing{"float", "M2.5 5.5h8v8h-8zM5.5 5.5v-3h8v8h-3"},
    Drawing{"evidence", "M8 2v12M2 8h12M12 8a4 4 0 1 1-8 0 4 4 0 0 1 8 0z"},
    Drawing{"chart", "M2 2v12h12M4.5 11l3-4 2.5 2 4-5.5"},
    Drawing{"card", "M1.5 3h13v10h-13zM4 6h4M4 8.5h8M4 10.5h6"},
    Drawing{"info", "M14 8a6 6 0 1 1-12 0 6 6 0 0 1 12 0zM8 7.3v4M8 5h.01"},
};

const char* paths_of(const char* name) {
  for (const auto& drawing : drawings) {
    if (std::strcmp(drawing.name, name) == 0) return drawing.paths;
  }
  return nullptr;
}

void draw(QPainter& painter, const QRectF& box, const char* paths, const QColor& color) {
  const auto svg =
      QByteArray("<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'><path d='") + paths +
      "' fill='none' stroke='" + color.name().toLatin1() + "' stroke-opacity='" +
      QByteArray::number(color.alphaF()) +
      "' stroke-width='1.25' stroke-linecap='round' stroke-linejoin='round'/></svg>";
  QSvgRenderer(svg).render(&painter, box);
}

class Engine : public QIconEngine {
 public:
  Engine(const char* paths, QColor color) : paths_(paths), color_(std::move(color)) {}

  void paint(QPainter* painter, const QRect& rect, QIcon::Mode mode, QIcon::State state) override {
    const auto& c = colors();
    auto color = color_.isValid() ? color_ : state == QIcon::On ? c.accent : c.text2;
    if (mode == QIcon::Disabled) color.setAlphaF(color.alphaF() * 0.45F);
    draw(*painter, rect, paths_, color);
  }
  QPixmap pixmap(const QSize& size, QIcon::Mode mode, QIcon::State state) override {
    QPixmap out(size);
    out.fill(Qt::transparent);
    QPainter painter(&out);
    paint(&painter, QRect({}, size), mode, state);
    return out;
  }
  QIconEngine* clone() const override { return new Engine(*this); }

 private:
  const char* paths_;
  QColor color_;
};

}  // namespace

bool has_icon(const char* name) {
  return paths_of(name) != nullptr;
}

QIcon icon(const char* name) {
  return icon(name, QColor());
}

QIcon icon(const char* name, const QColor& color) {
  const char* paths = paths_of(name);
  return paths ? QIcon(new Engine(paths, color)) : QIcon();
}

QPixmap icon_pixmap(const char* name, const QColor& color, int size, double ratio) {
  const int pixels = static_cast<int>(size * ratio);
  QPixmap out(pixels, pixels);
  out.fill(Qt::transparent);
  if (const char* paths = paths_of(name)) {
    QPainter painter(&out);
    draw(painter, QRectF(0, 0, pixels, pixels), paths, color);
  }
  out.setDevicePixelRatio(ratio);
  return out;
}

}  // namespace hyena::app
