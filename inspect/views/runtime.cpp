#include <algorithm>
#include <fstream>
#include <map>

#include "inspect/views/define_view.h"
#include "inspect/views/kinds.h"
#include "inspect/views/table_file.h"

namespace hyena::inspect {
namespace {

using backbone::OptionError;

struct Parameters {
  std::string passes = "both";
  bool bounds = true;

  template <class Visitor>
  void visit(Visitor& v) {
    v.field("passes", passes,
            {.help = "which are drawn", .choices = {"both", "forward", "forward+backward"}});
    v.field("bounds", bounds, {.help = "the quickest and slowest rounds, dashed"});
  }
};

struct Point {
  double length = 0, seconds = 0, low = 0, high = 0;
};
/// By pass, by side; in the order of the file.
struct Times {
  std::vector<std::string> passes = {}, sides = {};
  std::map<std::pair<std::string, std::string>, std::vector<Point>> points = {};

  void add(const std::string& pass, const std::string& side, Point point) {
    if (std::ranges::count(passes, pass) == 0) passes.push_back(pass);
    if (std::ranges::count(sides, side) == 0) sides.push_back(side);
    points[{pass, side}].push_back(point);
  }
};

Times of_csv(const std::string& path) {
  const auto table = read_table(path);
  const auto length = table.numbers("length"), seconds = table.numbers("seconds"),
             low = table.numbers("low"), high = table.numbers("high");
  const auto pass = table.column("pass"), side = table.column("side");
  Times out;
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    out.add(table.rows[i][pass], table.rows[i][side], {length[i], seconds[i], low[i], high[i]});
  }
  return out;
}

Times of_json(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  Times out;
  try {
    const auto result = nlohmann::json::parse(in);
    for (const auto& row : result.at("rows")) {
      for (const auto& side : row.at("sides")) {
        out.add(row.at("pass"), side.at("name"),
                {row.at("length"), side.at("seconds"), side.at("low"), side.at("high")});
      }
    }
  } catch (const nlohmann::json::exception&) {
    throw OptionError(path +
                      " is no result of a bench; write one by `hyena bench conv --out FILE.json` "
                      "or `--csv FILE.csv`");
  }
  return out;
}

Array of(const std::vector<Point>& points, double Point::*field, const std::string& name,
         double factor) {
  std::vector<float> values;
  for (const auto& point : points) values.push_back(static_cast<float>(factor * point.*field));
  return {name, {"length"}, {std::ssize(points)}, std::move(values)};
}

Panel panel_of(const Times& times, const std::string& pass, bool bounds) {
  Lines lines;
  const auto last = std::max<std::size_t>(times.sides.size() - 1, 1);
  for (std::size_t i = 0; i < times.sides.size(); ++i) {
    const auto found = times.points.find({pass, times.sides[i]});
    if (found == times.points.end()) continue;
    auto points = found->second;
    std::ranges::stable_sort(points, {}, &Point::length);
    const auto lengths = of(points, &Point::length, "length", 1);
    const double shade = static_cast<double>(i) / static_cast<double>(last);
    // The first side is this project's.
    lines.curves.push_back({.name = times.sides[i],
                            .x = lengths,
                            .y = of(points, &Point::seconds, times.sides[i], 1000),
                            .stroke = i == 0 ? Stroke::focus : Stroke::data,
                            .shade = shade});
    if (!bounds) continue;
    for (const auto field : {&Point::low, &Point::high}) {
      lines.curves.push_back({.x = lengths,
                              .y = of(points, field, times.sides[i] + " bound", 1000),
                              .stroke = Stroke::bound,
                              .shade = shade});
    }
  }
  Panel panel;
  panel.title = pass;
  panel.x = {.title = "length", .unit = "tokens", .scale = Scale::log, .powers_of_two = true};
  panel.y = {.title = "time", .unit = "ms", .scale = Scale::log};
  panel.content = std::move(lines);
  return panel;
}

Figure compute(const ViewContext& context, const Parameters& p, const Progress& progress) {
  if (progress) progress("table", 0, 1);
  const auto times =
      context.table.ends_with(".json") ? of_json(context.table) : of_csv(context.table);
  Figure figure;
  figure.title = "Time against length";
  figure.caption =
      p.bounds ? "Median of rounds; dashed: the quickest and the slowest" : "Median of rounds";
  for (const auto& pass : times.passes) {
    if (p.passes != "both" && p.passes != pass) continue;
    figure.panels.push_back(panel_of(times, pass, p.bounds));
    for (const auto& curve : std::get<Lines>(figure.panels.back().content).curves) {
      figure.arrays.push_back(curve.y);
    }
  }
  if (figure.panels.empty()) throw OptionError("the table has no pass \"" + p.passes + "\"");
  figure.columns = std::ssize(figure.panels);
  if (progress) progress("table", 1, 1);
  return figure;
}

}  // namespace

View runtime_view() {
  return define_view<Parameters>(
      {.id = "runtime",
       .title = "Time against length",
       .group = "training",
       .summary = "From which length on is a long convolution quicker than attention?",
       .needs = {.model = false, .table = true}},
      compute);
}

}  // namespace hyena::inspect
