#include "app/figurewidget/figure_table.h"

#include <algorithm>
#include <cmath>
#include <variant>

#include "inspect/figure/figure_text.h"
#include "inspect/paint/fonts.h"

namespace hyena::app {

using namespace Qt::StringLiterals;

namespace {

QString number(double value) {
  return std::isnan(value) ? QString() : QString::number(value, 'g', 6);
}
QString axis(const inspect::Axis& axis) {
  return QString::fromStdString(inspect::axis_text(axis));
}

struct Heads {
  const inspect::Panel& panel;
  QStringList heads = {};
  std::int64_t rows = 0;

  void operator()(const inspect::Lines& lines) {
    heads << axis(panel.x);
    for (const auto& curve : lines.curves) {
      heads << QString::fromStdString(curve.name);
      rows = std::max(rows, curve.x.size());
    }
  }
  void operator()(const inspect::HeatMap& map) {
    heads << axis(panel.y);
    const auto& shape = map.cells.shape();
    if (shape.size() != 2) return;
    rows = shape[0];
    for (std::int64_t i = 0; i < shape[1]; ++i) {
      const auto at = static_cast<std::size_t>(i);
      heads << (at < panel.x.labels.size()
                    ? QString::fromStdString(panel.x.labels[at])
                    : number(map.x_first + static_cast<double>(i) * map.x_step));
    }
  }
  void operator()(const inspect::Picture& picture) {
    if (picture.overlaid) (*this)(picture.overlay);
  }
  void operator()(const inspect::Bars& bars) {
    heads << u"name"_s
          << QString::fromStdString(bars.first_name.empty() ? "value" : bars.first_name);
    if (!bars.second_name.empty()) heads << QString::fromStdString(bars.second_name);
    rows = static_cast<std::int64_t>(bars.bars.size());
  }
  void operator()(const inspect::TokenStrip& strip) {
    heads << u"token"_s << u"piece"_s << QString::fromStdString(strip.color.title);
    rows = static_cast<std::int64_t>(strip.pieces.size());
  }
  void operator()(const inspect::Table& table) {
    for (const auto& column : table.columns) {
      heads << QString::fromStdString(
          column.unit.empty() ? column.title : column.title + " (" + column.unit + ")");
    }
    rows = static_cast<std::int64_t>(table.rows.size());
  }
  void operator()(const inspect::Boxes& boxes) {
    heads << axis(panel.x) << u"low"_s << u"25 %"_s << u"median"_s << u"75 %"_s << u"high"_s;
    rows = static_cast<std::int64_t>(boxes.boxes.size());
  }
};

struct Cell {
  const inspect::Panel& panel;
  std::size_t row, column;

  QString operator()(const inspect::Lines& lines) const {
    const auto at = static_cast<std::int64_t>(row);
    if (column == 0) {
      for (const auto& curve : lines.curves) {
        if (at < curve.x.size()) return number(curve.x[at]);
      }
      return {};
    }
    const auto& curve = lines.curves[column - 1];
    return at < curve.y.size() ? number(curve.y[at]) : QString();
  }
  QString operator()(const inspect::HeatMap& map) const {
    if (column == 0) {
      return row < panel.y.labels.size()
                 ? QString::fromStdString(panel.y.labels[row])
                 : number(map.y_first + static_cast<double>(row) * map.y_step);
    }
    const auto at = static_cast<std::int64_t>(row) * map.cells.shape()[1] +
                    static_cast<std::int64_t>(column) - 1;
    return !map.mask.empty() && map.mask[at] != 0 ? QString() : number(map.cells[at]);
  }
  QString operator()(const inspect::Picture& picture) const { return (*this)(picture.overlay); }
  QString operator()(const inspect::Bars& bars) const {
    const auto& bar = bars.bars[row];
    return column == 0 ? QString::fromStdString(bar.name)
                       : number(column == 1 ? bar.value : bar.second);
  }
  QString operator()(const inspect::TokenStrip& strip) const {
    if (column == 0) return QString::number(row);
    if (column == 1) return inspect::drawable(inspect::visible_piece(strip.pieces[row]));
    const auto at = static_cast<std::int64_t>(row);
    return at < strip.values.size() ? number(strip.values[at]) : QString();
  }
  QString operator()(const inspect::Table& table) const {
    return column < table.rows[row].size() ? QString::fromStdString(table.rows[row][column])
                                           : QString();
  }
  QString operator()(const inspect::Boxes& boxes) const {
    const auto& box = boxes.boxes[row];
    if (column == 0) {
      return row < panel.x.labels.size() ? QString::fromStdString(panel.x.labels[row])
                                         : QString::number(row);
    }
    const double values[] = {box.low, box.quarter, box.median, box.three_quarters, box.high};
    return number(values[column - 1]);
  }
};

}  // namespace

void FigureTable::show(const inspect::Panel& panel) {
  beginResetModel();
  panel_ = panel;
  Heads heads{panel_};
  std::visit(heads, panel_.content);
  heads_ = heads.heads;
  rows_ = static_cast<int>(heads.rows);
  endResetModel();
}

int FigureTable::rowCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : rows_;
}
int FigureTable::columnCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : static_cast<int>(heads_.size());
}

QVariant FigureTable::data(const QModelIndex& index, int role) const {
  if (!index.isValid()) return {};
  if (role == Qt::DisplayRole) {
    return std::visit(Cell{panel_, static_cast<std::size_t>(index.row()),
                           static_cast<std::size_t>(index.column())},
                      panel_.content);
  }
  if (role == Qt::TextAlignmentRole) {
    const auto* table = std::get_if<inspect::Table>(&panel_.content);
    const auto at = static_cast<std::size_t>(index.column());
    const bool left = table && at < table->columns.size() && !table->columns[at].numeric;
    return QVariant::fromValue(Qt::AlignVCenter | (left ? Qt::AlignLeft : Qt::AlignRight));
  }
  if (role == Qt::FontRole) return inspect::mono(12);
  return {};
}

QVariant FigureTable::headerData(int section, Qt::Orientation orientation, int role) const {
  if (role != Qt::DisplayRole) return {};
  return orientation == Qt::Horizontal ? QVariant(heads_.value(section)) : QVariant(section);
}

}  // namespace hyena::app
