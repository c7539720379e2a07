#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string>
#include <vector>

#include "inspect/figure/figure_files.h"
#include "inspect/figure/figure_json.h"
#include "inspect/figure/figure_text.h"

namespace hyena::inspect {
namespace {

template <class T>
std::string number(T value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  std::array<char, 64> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  return {buffer.data(), end.ptr};
}

std::string quoted(const std::string& text) {
  const bool plain = text.find_first_of(",\"\n\r") == std::string::npos && !text.starts_with('#') &&
                     !text.starts_with(' ') && !text.ends_with(' ');
  if (plain) return text;
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + '"';
}

std::string row(const std::vector<std::string>& cells) {
  std::string out;
  for (std::size_t i = 0; i < cells.size(); ++i) out += (i == 0 ? "" : ",") + cells[i];
  return out + "\n";
}

/// Comments are one line each, whatever is in them.
std::string comment(std::string text) {
  for (char& c : text) {
    if (c == '\n' || c == '\r') c = ' ';
  }
  return "# " + text + "\n";
}

bool same(const Array& a, const Array& b) {
  if (a.size() != b.size()) return false;
  for (std::int64_t i = 0; i < a.size(); ++i) {
    if (a[i] != b[i]) return false;
  }
  return true;
}

std::string or_else(const std::string& text, const std::string& otherwise) {
  return quoted(text.empty() ? otherwise : text);
}

std::string curves(const std::vector<Curve>& all, const Panel& panel) {
  std::vector<std::string> heading;
  std::vector<const Array*> columns;
  std::int64_t rows = 0;
  const Array* x = nullptr;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const Curve& curve = all[i];
    if (!x || (x->data() != curve.x.data() && !same(*x, curve.x))) {
      x = &curve.x;
      heading.push_back(or_else(axis_text(panel.x), "x"));
      columns.push_back(x);
    }
    heading.push_back(
        or_else(curve.name, or_else(curve.y.name(), "curve " + std::to_string(i + 1))));
    columns.push_back(&curve.y);
    rows = std::max(rows, curve.y.size());
  }
  std::string out = row(heading);
  for (std::int64_t i = 0; i < rows; ++i) {
    std::vector<std::string> cells;
    for (const Array* column : columns) {
      cells.push_back(i < column->size() ? number((*column)[i]) : "");
    }
    out += row(cells);
  }
  return out;
}

std::string coordinate(const Axis& axis, double first, double step, std::int64_t i) {
  const auto at = static_cast<std::size_t>(i);
  return at < axis.labels.size() ? quoted(axis.labels[at])
                                 : number(first + step * static_cast<double>(i));
}

std::string cells(const HeatMap& map, const Panel& panel) {
  const std::int64_t rows = map.cells.shape()[0], columns = map.cells.shape()[1];
  std::string out;
  std::vector<std::string> line{quoted((axis_text(panel.y).empty() ? "y" : axis_text(panel.y)) +
                                       " \\ " +
                                       (axis_text(panel.x).empty() ? "x" : axis_text(panel.x)))};
  for (std::int64_t c = 0; c < columns; ++c) {
    line.push_back(coordinate(panel.x, map.x_first, map.x_step, c));
  }
  out += row(line);
  for (std::int64_t r = 0; r < rows; ++r) {
    line.assign(1, coordinate(panel.y, map.y_first, map.y_step, r));
    for (std::int64_t c = 0; c < columns; ++c) {
      const std::int64_t i = r * columns + c;
      line.push_back(map.mask.empty() || map.mask[i] == 0 ? number(map.cells[i]) : "");
    }
    out += row(line);
  }
  return out;
}

struct Text {
  const Panel& panel;

  std::string operator()(const Lines& lines) const { return curves(lines.curves, panel); }
  std::string operator()(const HeatMap& map) const {
    std::string out = cells(map, panel);
    if (!map.overlays.empty()) out += comment("curves over the map") + curves(map.overlays, panel);
    return out;
  }
  std::string operator()(const Picture& picture) const {
    if (picture.overlaid) return (*this)(picture.overlay);
    std::string out = row({"row", "column", "red", "green", "blue"});
    const std::int64_t width = picture.pixels.shape()[1];
    for (std::int64_t i = 0; 3 * i < picture.pixels.size(); ++i) {
      out +=
          row({std::to_string(i / width), std::to_string(i % width), number(picture.pixels[3 * i]),
               number(picture.pixels[3 * i + 1]), number(picture.pixels[3 * i + 2])});
    }
    return out;
  }
  std::string operator()(const Bars& bars) const {
    const bool two = !bars.second_name.empty();
    std::vector<std::string> heading{or_else(axis_text(panel.y), "name"),
                                     or_else(bars.first_name, "value")};
    if (two) heading.push_back(quoted(bars.second_name));
    std::string out = row(heading);
    for (const auto& bar : bars.bars) {
      std::vector<std::string> line{quoted(bar.name), number(bar.value)};
      if (two) line.push_back(number(bar.second));
      out += row(line);
    }
    return out;
  }
  std::string operator()(const TokenStrip& strip) const {
    std::string out = row({"position", "piece", or_else(strip.color.title, "value")});
    for (std::size_t i = 0; i < strip.pieces.size(); ++i) {
      const auto at = static_cast<std::int64_t>(i);
      out += row({std::to_string(i), quoted(strip.pieces[i]),
                  at < strip.values.size() ? number(strip.values[at]) : ""});
    }
    return out;
  }
  std::string operator()(const Table& table) const {
    std::vector<std::string> line;
    for (const auto& column : table.columns) {
      line.push_back(quoted(column.title + (column.unit.empty() ? "" : " (" + column.unit + ")")));
    }
    std::string out = row(line);
    for (const auto& one : table.rows) {
      line.clear();
      for (const auto& cell : one) line.push_back(quoted(cell));
      out += row(line);
    }
    return out;
  }
  std::string operator()(const Boxes& boxes) const {
    std::string out = row({or_else(axis_text(panel.x), "name"), "low", "quarter", "median",
                           "three quarters", "high"});
    for (std::size_t i = 0; i < boxes.boxes.size(); ++i) {
      const Box& box = boxes.boxes[i];
      out += row({coordinate(panel.x, 0, 1, static_cast<std::int64_t>(i)), number(box.low),
                  number(box.quarter), number(box.median), number(box.three_quarters),
                  number(box.high)});
    }
    return out;
  }
};

}  // namespace

std::string csv_text(const Figure& figure, std::optional<std::size_t> panel) {
  check_figure(figure);
  std::string out = comment(caption_text(figure));
  out +=
      comment("provenance: " + provenance_json(figure.provenance)
                                   .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  for (std::size_t i = 0; i < figure.panels.size(); ++i) {
    const Panel& one = figure.panels[i];
    if (panel && *panel != i) continue;
    if (figure.panels.size() > 1) out += comment("panel " + panel_letter(i) + ": " + one.title);
    out += std::visit(Text{one}, one.content);
    if (!panel && i + 1 < figure.panels.size()) out += "\n";
  }
  return out;
}

}  // namespace hyena::inspect
