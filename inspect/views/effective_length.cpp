#include <algorithm>
#include <cmath>

#include <ATen/ATen.h>

#include "inspect/probe/filters.h"
#include "inspect/probe/map_filters.h"
#include "inspect/probe/opened_subject.h"
#include "inspect/views/channel_choice.h"
#include "inspect/views/define_view.h"
#include "inspect/views/filter_choice.h"
#include "inspect/views/kinds.h"
#include "inspect/views/tensor_array.h"

namespace hyena::inspect {
namespace {

struct LengthParameters {
  FilterParameters which = {};
  double share = 90;
  std::string axis = "linear";

  template <class Visitor>
  void visit(Visitor& v) {
    which.visit(v);
    v.field("share", share,
            {.help = "which length the boxes are of: the lag within which so much of the energy "
                     "lies",
             .unit = "%",
             .min = 1,
             .max = 99.99});
    v.field("axis", axis, {.help = "scale of the lengths", .choices = {"linear", "log"}});
  }
};

/// Lags, or for filters over maps distances in patches, that hold so much of the energy: (F).
at::Tensor length_of(const backbone::LongFilters& all, std::int64_t filter, double share) {
  if (all.over_map) return in_double(effective_radius(in_double(all.taps), share));
  return effective_length(in_double(sequence_taps(all, filter)), all.first_lag, share);
}

Box box_of(const at::Tensor& values) {
  const auto sorted = std::get<0>(values.sort());
  const auto at = [&](double share) {
    const double place = share * static_cast<double>(sorted.size(0) - 1);
    const auto below = static_cast<std::int64_t>(place);
    const auto above = std::min(below + 1, sorted.size(0) - 1);
    const double low = sorted[below].item<double>();
    return low + (place - static_cast<double>(below)) * (sorted[above].item<double>() - low);
  };
  return {at(0.05), at(0.25), at(0.5), at(0.75), at(0.95)};
}

Curve points(const std::string& name, const at::Tensor& y, double shade) {
  return {.name = name,
          .x = ramp("channel", "channel", 0, 1, y.size(0)),
          .y = array_of(name, {"channel"}, y),
          .stroke = Stroke::points,
          .shade = shade};
}

Figure compute(const ViewContext& context, const LengthParameters& p, const Progress& progress) {
  const ModelFacts& facts = context.model->facts();
  auto& subject = opened(*context.model);
  const auto layer = choose_layer(facts, p.which.layer, FilterKind::any);
  const auto layers = layers_with(facts, FilterKind::any);
  const auto all = layer_filters(subject, layer, p.which.tokens);
  const std::string unit = all.over_map ? "patches" : "tokens";
  const bool logarithmic = p.axis == "log";
  // A filter of one tap has length 0, which has no place on a logarithmic axis.
  const auto drawn = [&](const at::Tensor& y) { return logarithmic ? y.clamp_min(0.5) : y; };
  Figure figure;

  Panel scatter;
  scatter.title = all.over_map ? "Effective radius" : "Effective length";
  scatter.subtitle = "layer " + std::to_string(layer);
  scatter.x = channel_axis(facts.layers[static_cast<std::size_t>(layer)].filter_channels);
  scatter.y = {.title = all.over_map ? "radius" : "lag",
               .unit = unit,
               .scale = logarithmic ? Scale::log : Scale::linear};
  Lines lines;
  double shade = 0;
  for (const int percent : {50, 90, 99}) {
    const auto length = length_of(all, p.which.filter, percent / 100.0);
    const std::string name = std::to_string(percent) + " % of energy";
    lines.curves.push_back(points(name, drawn(length), shade));
    figure.arrays.push_back(array_of(name, {"channel"}, length));
    shade += 0.5;
  }
  if (!all.over_map && all.window.defined()) {
    const auto half = window_half_life(
        in_double(all.window[p.which.filter]).abs().expand_as(all.taps[p.which.filter]),
        all.first_lag);
    if (half.isfinite().any().item<bool>()) {
      auto curve = points("half-life of the window", drawn(half), 0);
      curve.stroke = Stroke::bound;
      lines.curves.push_back(std::move(curve));
      figure.arrays.push_back(array_of("window half-life", {"channel"}, half));
    }
  }
  scatter.content = std::move(lines);

  Panel spread;
  spread.title = "All layers";
  spread.subtitle = std::to_string(std::llround(p.share)) + " % of energy";
  spread.x = {.title = "layer"};
  spread.y = scatter.y;
  Boxes boxes;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    report(progress, "layer", static_cast<std::int64_t>(i), std::ssize(layers));
    const auto& one = facts.layers[static_cast<std::size_t>(layers[i])];
    if (p.which.filter >= one.filters || over_maps(one) != all.over_map) continue;
    const auto filters = layer_filters(subject, layers[i], p.which.tokens);
    boxes.boxes.push_back(box_of(drawn(length_of(filters, p.which.filter, p.share / 100))));
    spread.x.labels.push_back(std::to_string(layers[i]));
  }
  spread.content = std::move(boxes);
  report(progress, "layer", std::ssize(layers), std::ssize(layers));

  figure.subtitle = filter_text(facts, layer, p.which.filter);
  figure.caption = all.over_map ? "The smallest distance from lag (0, 0) that holds a share of Σ h²"
                                : "The smallest lag l such that −l … l holds a share of Σ h²";
  figure.caption += "; boxes: quarters and median over channels, whiskers from 5 % to 95 %";
  figure.columns = 2;
  figure.panels = {std::move(scatter), std::move(spread)};
  return figure;
}

}  // namespace

View effective_length_view() {
  View view = define_view({.id = "effective_length",
                           .title = "Effective length",
                           .group = "filters",
                           .summary = "how far each channel and each layer looks",
                           .needs = {.long_filters = true}},
                          compute);
  view.pick = [](const Figure& figure, std::size_t panel, double x, double) {
    const auto at = std::llround(x);
    if (at < 0) return Selection{};
    if (panel == 0) return Selection{.channel = at < figure.arrays[0].size() ? at : -1};
    const auto& labels = figure.panels[1].x.labels;
    if (at >= std::ssize(labels)) return Selection{};
    return Selection{.layer = std::stoll(labels[static_cast<std::size_t>(at)])};
  };
  return view;
}

}  // namespace hyena::inspect
