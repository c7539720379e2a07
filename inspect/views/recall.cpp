#include <algorithm>
#include <cmath>

#include "inspect/figure/ticks.h"
#include "inspect/views/define_view.h"
#include "inspect/views/kinds.h"
#include "inspect/views/table_file.h"

namespace hyena::inspect {
namespace {

using backbone::OptionError;

struct Parameters {
  std::string x = "recall", y = "loss", group = {};

  template <class Visitor>
  void visit(Visitor& v) {
    v.field("x", x, {.help = "column along x"});
    v.field("y", y, {.help = "column along y: a loss or an accuracy"});
    v.field("group", group, {.help = "column whose values get a colour each; empty: none"});
  }
};

/// Pearson's correlation of the pairs that are numbers.
double correlation(const std::vector<double>& x, const std::vector<double>& y) {
  double n = 0, sx = 0, sy = 0, xx = 0, yy = 0, xy = 0;
  for (const bool centred : {false, true}) {
    const double mx = centred ? sx / n : 0, my = centred ? sy / n : 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      if (!std::isfinite(x[i]) || !std::isfinite(y[i])) continue;
      if (!centred) {
        n += 1, sx += x[i], sy += y[i];
      } else {
        xx += (x[i] - mx) * (x[i] - mx);
        yy += (y[i] - my) * (y[i] - my);
        xy += (x[i] - mx) * (y[i] - my);
      }
    }
  }
  return xy / std::sqrt(xx * yy);
}

Array array(const std::string& name, const std::vector<double>& values) {
  return {name, {"row"}, {std::ssize(values)}, std::vector<float>(values.begin(), values.end())};
}

Figure compute(const ViewContext& context, const Parameters& p, const Progress& progress) {
  if (progress) progress("table", 0, 1);
  const auto table = read_table(context.table);
  const auto x = table.numbers(p.x), y = table.numbers(p.y);
  std::vector<std::string> groups = {""};
  const std::size_t group = p.group.empty() ? 0 : table.column(p.group);
  if (!p.group.empty()) {
    groups.clear();
    for (const auto& row : table.rows) {
      if (std::ranges::count(groups, row[group]) == 0) groups.push_back(row[group]);
    }
  }
  const double r = correlation(x, y);
  Lines lines;
  lines.legend = groups.size() > 1;
  for (std::size_t k = 0; k < groups.size(); ++k) {
    std::vector<double> a, b;
    for (std::size_t i = 0; i < table.rows.size(); ++i) {
      if (!p.group.empty() && table.rows[i][group] != groups[k]) continue;
      a.push_back(x[i]);
      b.push_back(y[i]);
    }
    lines.curves.push_back({.name = groups[k],
                            .x = array(p.x, a),
                            .y = array(p.y, b),
                            .stroke = Stroke::points,
                            .shade = groups.size() > 1 ? static_cast<double>(k) /
                                                             static_cast<double>(groups.size() - 1)
                                                       : 0});
  }
  Panel panel;
  panel.title = p.y + " against " + p.x;
  panel.x = {.title = p.x};
  panel.y = {.title = p.y};
  panel.content = std::move(lines);
  Figure figure;
  figure.title = "Recall";
  figure.subtitle = table.name + " · " + std::to_string(table.rows.size()) + " rows";
  if (std::isfinite(r)) figure.subtitle += " · correlation " + decimal_text(r, 3);
  figure.caption = "A point for each row of the table; correlation: Pearson's";
  figure.panels = {std::move(panel)};
  figure.arrays = {array(p.y, y), array(p.x, x)};
  if (progress) progress("table", 1, 1);
  return figure;
}

}  // namespace

View recall_view() {
  return define_view<Parameters>(
      {.id = "recall",
       .title = "Recall",
       .group = "training",
       .summary = "Does recall go with loss or accuracy, over models or checkpoints?",
       .needs = {.model = false, .table = true}},
      compute);
}

}  // namespace hyena::inspect
