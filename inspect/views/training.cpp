#include <algorithm>
#include <cmath>
#include <functional>

#include "inspect/views/define_view.h"
#include "inspect/views/kinds.h"
#include "inspect/views/table_file.h"

namespace hyena::inspect {
namespace {

using backbone::OptionError;

struct Parameters {
  std::string x = {};
  std::vector<std::string> columns = {};
  bool log = false;

  template <class Visitor>
  void visit(Visitor& v) {
    v.field("x", x, {.help = "column along x; empty: step, else epoch"});
    v.field("columns", columns, {.help = "columns that are drawn; empty: all"});
    v.field("log", log, {.help = "losses and rates on logarithmic axes"});
  }
};

Array column_array(const TableFile& table, const std::string& name) {
  const auto numbers = table.numbers(name);
  return {name, {"row"}, {std::ssize(numbers)}, std::vector<float>(numbers.begin(), numbers.end())};
}

std::string x_column(const TableFile& table, const std::string& wanted) {
  if (!wanted.empty()) return table.columns[table.column(wanted)];
  for (const char* name : {"step", "epoch"}) {
    if (std::ranges::count(table.columns, name) > 0) return name;
  }
  return table.columns[0];
}

bool is_loss(const std::string& name) {
  return name.find("loss") != std::string::npos;
}
bool is_rate(const std::string& name) {
  return name == "lr" || name == "rate" || name.starts_with("lr_");
}

/// The losses of one run stand in one panel, else each column in one of its own, the rate last.
std::vector<std::pair<std::string, std::vector<std::string>>> groups(
    const std::vector<std::string>& columns, bool one_run) {
  std::vector<std::pair<std::string, std::vector<std::string>>> out;
  std::vector<std::string> losses, rates;
  for (const auto& name : columns) {
    if (is_loss(name) && one_run) {
      losses.push_back(name);
    } else if (is_rate(name)) {
      rates.push_back(name);
    } else {
      auto title = name;
      std::ranges::replace(title, '_', ' ');
      out.emplace_back(title, std::vector{name});
    }
  }
  if (!losses.empty()) out.insert(out.begin(), {"loss", losses});
  if (!rates.empty()) out.emplace_back("learning rate", rates);
  return out;
}

Figure compute(const ViewContext& context, const Parameters& p, const Progress& progress) {
  if (progress) progress("table", 0, 1);
  const auto tables = read_tables(context.table);
  const auto x = x_column(tables[0], p.x);
  auto columns = p.columns;
  if (columns.empty()) {
    for (const auto& table : tables) {
      for (const auto& name : table.columns) {
        // Columns of words have nothing to draw.
        const auto numbers = table.numbers(name);
        const bool any = std::ranges::any_of(numbers, [](double v) { return std::isfinite(v); });
        if (name != x && any && std::ranges::count(columns, name) == 0) columns.push_back(name);
      }
    }
  } else {
    for (const auto& name : columns) tables[0].column(name);
  }
  if (columns.empty()) throw OptionError(tables[0].name + " has no column of numbers beside " + x);
  Figure figure;
  figure.title = "Training";
  for (const auto& table : tables)
    figure.subtitle += (figure.subtitle.empty() ? "" : ", ") + table.name;
  const auto files = std::ssize(tables);
  for (const auto& [title, names] : groups(columns, files == 1)) {
    Lines lines;
    for (std::int64_t i = 0; i < files; ++i) {
      const auto& table = tables[static_cast<std::size_t>(i)];
      for (std::size_t k = 0; k < names.size(); ++k) {
        if (std::ranges::count(table.columns, names[k]) == 0) continue;
        // What was trained on is dashed: evaluation is what counts.
        const bool bound = names.size() > 1 && names[k].starts_with("train");
        lines.curves.push_back(
            {.name = files > 1 ? table.name : names[k],
             .x = column_array(table, x_column(table, x)),
             .y = column_array(table, names[k]),
             .stroke = bound        ? Stroke::bound
                       : files == 1 ? Stroke::focus
                                    : Stroke::data,
             .shade = files > 1 ? static_cast<double>(i) / static_cast<double>(files - 1) : 0});
      }
    }
    // One legend serves all panels of several runs.
    lines.legend = files == 1 ? lines.curves.size() > 1 : figure.panels.empty();
    const bool log = p.log && (is_loss(title) || title == "learning rate");
    Panel panel;
    panel.title = title;
    panel.x = {.title = x};
    panel.y = {.title = title,
               .unit = is_loss(title) ? "nats" : "",
               .scale = log ? Scale::log : Scale::linear};
    panel.content = std::move(lines);
    figure.panels.push_back(std::move(panel));
    for (const auto& curve : std::get<Lines>(figure.panels.back().content).curves) {
      figure.arrays.push_back(curve.y);
    }
  }
  figure.columns = figure.panels.size() > 1 ? 2 : 1;
  if (progress) progress("table", 1, 1);
  return figure;
}

}  // namespace

View training_view() {
  return define_view<Parameters>({.id = "training",
                                  .title = "Training curves",
                                  .group = "training",
                                  .summary = "How did one or several runs learn?",
                                  .needs = {.model = false, .table = true}},
                                 compute);
}

}  // namespace hyena::inspect
