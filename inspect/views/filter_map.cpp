#include <algorithm>
#include <cmath>
#include <utility>
#include <variant>

#include <ATen/ATen.h>

#include "inspect/figure/ticks.h"
#include "inspect/probe/filter_order.h"
#include "inspect/probe/filters.h"
#include "inspect/probe/map_filters.h"
#include "inspect/probe/opened_subject.h"
#include "inspect/views/channel_choice.h"
#include "inspect/views/define_view.h"
#include "inspect/views/filter_choice.h"
#include "inspect/views/kinds.h"
#include "inspect/views/scope.h"
#include "inspect/views/tensor_array.h"

namespace hyena::inspect {
namespace {

struct MapParameters {
  FilterParameters which = {};
  ChannelParameters channels = {.spread = 24};
  std::string draw = "sheet";
  std::int64_t token = -1;
  bool turned = false;
  double range = 60;
  LimitsParameters limits = {};

  template <class Visitor>
  void visit(Visitor& v) {
    which.visit(v);
    channels.visit(v);
    v.field("draw", draw,
            {.help = "one channel with its spectrum and profiles, or many side by side, the "
                     "shortest first",
             .choices = {"sheet", "wall"}});
    v.field("token", token,
            {.help = "filters along a sequence of patches: the token that looks, from 0; -1: the "
                     "middle of the picture",
             .min = -1});
    v.field("turned", turned,
            {.help = "filters over maps turned by 180°: what a patch looks at, not where it goes"});
    v.field("range", range,
            {.help = "how far below the largest |F| decibels are told apart",
             .unit = "dB",
             .min = 1,
             .max = 200});
    limits.visit(v);
  }
};

/// Filters as pictures, and where their lag (0, 0) lies.
struct Maps {
  at::Tensor taps;  ///< (F, H, W)
  at::Tensor size;  ///< (F): what they are sorted by
  std::int64_t row = 0, column = 0;
  bool folded = false;
  std::string text = {};
};

Maps open_maps(OpenedSubject& subject, std::int64_t layer, const MapParameters& p) {
  const auto all = layer_filters(subject, layer);
  Maps out;
  if (all.over_map) {
    out.taps = in_double(all.taps);
    out.size = effective_radius(out.taps);
    out.row = out.taps.size(1) / 2;
    out.column = out.taps.size(2) / 2;
    out.text = "where a patch's value goes";
    if (p.turned) {
      out.taps = out.taps.flip({1, 2});
      out.row = out.taps.size(1) - 1 - out.row;
      out.column = out.taps.size(2) - 1 - out.column;
      out.text = "turned by 180°: what a patch looks at";
    }
    return out;
  }
  const auto& grid = subject.layer(layer).grid;
  const auto h = in_double(sequence_taps(all, p.which.filter));
  const auto token =
      p.token >= 0 ? p.token : grid.prefix + grid.height / 2 * grid.width + grid.width / 2;
  out.taps = fold(h, all.first_lag, grid, token);
  out.size = effective_length(h, all.first_lag, 0.9);
  const auto patch = std::max<std::int64_t>(0, token - grid.prefix);
  out.row = patch / grid.width;
  out.column = patch % grid.width;
  out.folded = true;
  out.text = "what token " + std::to_string(token) + " looks at";
  return out;
}

Panel map_panel(const Maps& maps, std::int64_t channel, const Limits& limits) {
  Panel panel;
  panel.title = "Filter";
  panel.subtitle = maps.text;
  panel.x = {.title = "Δx", .unit = "patches"};
  panel.y = {.title = "Δy", .unit = "patches"};
  HeatMap map;
  map.cells = array_of("h", {"dy", "dx"}, maps.taps[channel]);
  map.x_first = static_cast<double>(-maps.column);
  map.y_first = static_cast<double>(-maps.row);
  map.color = {.quantity = Quantity::signed_value, .title = "h", .limits = limits};
  map.square = true;
  map.marks = {{.row = maps.row}, {.column = maps.column}};  // lag (0, 0)
  panel.content = std::move(map);
  return panel;
}

Panel spectrum_panel(const at::Tensor& level, double range) {
  const auto h = level.size(0), w = level.size(1);
  const double high = level.max().item<double>();
  Panel panel;
  panel.title = "Spectrum";
  panel.subtitle = number_text(range) + " dB below the largest";
  panel.x = {.title = "frequency along x", .unit = "cycles per patch"};
  panel.y = {.title = "frequency along y", .unit = "cycles per patch"};
  panel.content =
      HeatMap{.cells = array_of("|F| in dB", {"fy", "fx"}, level),
              .x_first = -0.5,
              .x_step = 1.0 / static_cast<double>(w),
              .y_first = -0.5,
              .y_step = 1.0 / static_cast<double>(h),
              .color = {.quantity = Quantity::matrix,
                        .title = "dB",
                        .limits = {.policy = "fixed", .low = high - range, .high = high}},
              .square = true};
  return panel;
}

Panel profile(const std::string& title, const Axis& x, const std::string& y,
              const ChannelChoice& choice, const Array& at, const at::Tensor& values) {
  Panel panel;
  panel.title = title;
  panel.subtitle = choice.text;
  panel.x = x;
  panel.y = {.title = y};
  Lines lines;
  lines.shade_title = choice.shade_title();
  lines.curves = channel_curves(choice, at, values);
  panel.content = std::move(lines);
  return panel;
}

void add_sheet(Figure& figure, const Maps& maps, const MapParameters& p,
               const ChannelChoice& choice, const Limits& limits) {
  const auto loud = spectrum2d(maps.taps.slice(0, choice.focus, choice.focus + 1))[0];
  const auto radial = radial_profile(maps.taps.abs(), maps.row, maps.column);
  // On a small map some directions hold no cell.
  const bool small = std::min(maps.taps.size(1), maps.taps.size(2)) < 7;
  const std::int64_t sectors = small ? 4 : 12;
  auto angular = angular_profile(maps.taps.abs(), maps.row, maps.column, sectors);
  angular = at::cat({angular, angular.slice(1, 0, 1)}, 1);  // 180° is 0° again
  figure.panels = {
      map_panel(maps, choice.focus, limits), spectrum_panel(decibels(loud, p.range), p.range),
      profile("Over the distance", {.title = "distance", .unit = "patches"}, "mean |h|", choice,
              ramp("distance", "ring", 0, 1, radial.size(1)), radial),
      profile("Over the direction",
              {.title = "angle from the x axis, down", .unit = "°", .range = Range{0, 180}},
              "mean |h|", choice,
              ramp("angle", "sector", 0, 180.0 / static_cast<double>(sectors), sectors + 1),
              angular)};
  figure.columns = 2;
}

void add_wall(Figure& figure, const Maps& maps, const ChannelChoice& choice, Limits limits) {
  auto order = choice.drawn;
  const auto size = maps.size.to(at::kDouble).contiguous();
  const auto* sizes = size.const_data_ptr<double>();
  std::stable_sort(order.begin(), order.end(),
                   [&](std::int64_t a, std::int64_t b) { return sizes[a] < sizes[b]; });
  if (limits.scope == "map") {
    // Side by side, thumbnails are compared: one scale for those that are drawn.
    limits = common_limits({.percentile = limits.percentile}, /*symmetric=*/true, "layer",
                           {maps.taps.index_select(0, at::tensor(order, at::kLong))});
  }
  for (const std::int64_t channel : order) {
    Panel panel = map_panel(maps, channel, limits);
    panel.title = "channel " + std::to_string(channel);
    panel.subtitle.clear();
    panel.thumbnail = true;
    std::get<HeatMap>(panel.content).marks.clear();
    figure.panels.push_back(std::move(panel));
  }
  figure.columns = std::min<std::int64_t>(8, std::ssize(order));
}

Figure compute(const ViewContext& context, const MapParameters& p, const Progress& progress) {
  report(progress, "filters", 0, 2);
  auto& subject = opened(*context.model);
  const auto& facts = subject.facts();
  const auto layer = choose_layer(facts, p.which.layer, FilterKind::any);
  const auto maps = open_maps(subject, layer, p);
  const auto choice = choose_channels(p.channels, maps.size);
  const auto kind = maps.folded ? FilterKind::sequence : FilterKind::map;
  const auto limits = filter_limits(
      p.limits, /*symmetric=*/true, subject, layer, kind, [](const at::Tensor& h) { return h; },
      progress);
  report(progress, "panels", 1, 2);
  Figure figure;
  figure.subtitle = filter_text(facts, layer, p.which.filter);
  figure.caption = maps.folded
                       ? "Taps along the sequence of patches, laid on the picture: " + maps.text
                       : "Taps over lags (Δy, Δx), " + maps.text;
  if (p.draw == "sheet") {
    figure.subtitle += " · channel " + std::to_string(choice.focus);
    add_sheet(figure, maps, p, choice, limits);
    figure.caption += "; the triangles point at lag (0, 0)";
  } else {
    add_wall(figure, maps, choice, limits);
    figure.caption += maps.folded ? "; the shortest first, by 90 % length"
                                  : "; the smallest first, by the radius of 90 % of the energy";
  }
  figure.arrays = {array_of("h", {"channel", "dy", "dx"}, maps.taps),
                   array_of(maps.folded ? "90 % length" : "90 % radius", {"channel"}, maps.size)};
  report(progress, "panels", 2, 2);
  return figure;
}

}  // namespace

View filter_map_view() {
  View view = define_view({.id = "filter_map",
                           .title = "Filter over the picture",
                           .group = "filters",
                           .summary = "what a filter looks like on the grid of patches, which "
                                      "directions and distances it weighs",
                           .needs = {.language = false, .long_filters = true}},
                          compute);
  view.pick = [](const Figure& figure, std::size_t panel, double x, double y) {
    const Panel& clicked = figure.panels.at(panel);
    if (clicked.thumbnail) return Selection{.channel = std::stoll(clicked.title.substr(8))};
    return Selection{.channel = nearest_channel(clicked, x, y)};
  };
  return view;
}

}  // namespace hyena::inspect
