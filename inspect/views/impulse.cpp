#include <algorithm>

#include <ATen/ATen.h>

#include "inspect/probe/filters.h"
#include "inspect/probe/opened_subject.h"
#include "inspect/views/define_view.h"
#include "inspect/views/filter_panels.h"
#include "inspect/views/kinds.h"
#include "inspect/views/tensor_array.h"

namespace hyena::inspect {
namespace {

struct ImpulseParameters {
  FilterParameters which = {};
  ChannelParameters channels = {};
  bool every_layer = false;
  std::int64_t lags = 0;
  std::string lag_axis = "linear";
  std::string height = "raw";
  bool window = true;
  bool skip = false;

  template <class Visitor>
  void visit(Visitor& v) {
    which.visit(v);
    v.field("every_layer", every_layer, {.help = "a panel for each layer with such filters"});
    channels.visit(v);
    v.field("lags", lags,
            {.help = "the largest lag shown; 0: where 99 % of the energy ends in nine of ten "
                     "channels; -1: all",
             .unit = "tokens",
             .min = -1});
    v.field("lag_axis", lag_axis,
            {.help = "lags from 1 on where log", .choices = {"linear", "log"}});
    v.field(
        "height", height,
        {.help = "the numbers, or each channel over its largest |h|", .choices = {"raw", "shape"}});
    v.field("window", window, {.help = "the decay window of the channel that stands out"});
    v.field("skip", skip, {.help = "the skip term as a dot at lag 0"});
  }
};

Figure compute(const ViewContext& context, const ImpulseParameters& p, const Progress& progress) {
  const ModelFacts& facts = context.model->facts();
  const auto layers = p.every_layer
                          ? layers_with(facts, FilterKind::sequence)
                          : std::vector{choose_layer(facts, p.which.layer, FilterKind::sequence)};
  Figure figure;
  const ImpulseStyle style = {.log_lag = p.lag_axis == "log",
                              .shape_only = p.height == "shape",
                              .window = p.window,
                              .skip = p.skip};
  for (std::size_t i = 0; i < layers.size(); ++i) {
    report(progress, "layer", static_cast<std::int64_t>(i), std::ssize(layers));
    FilterParameters which = p.which;
    which.layer = layers[i];
    const auto filter = choose_filter(*context.model, which);
    const auto choice =
        choose_channels(p.channels, effective_length(filter.taps, filter.first_lag, 0.9));
    const auto shown = shown_lag(filter, p.lags);
    Panel panel = impulse_panel(filter, choice, shown, style);
    if (p.every_layer) {
      panel.title = "Layer " + std::to_string(layers[i]);
    } else {
      figure.subtitle = filter_text(facts, filter.layer, filter.filter) + " · lags up to " +
                        std::to_string(shown) + " of " +
                        std::to_string(reach(filter.taps, filter.first_lag) - 1);
    }
    figure.panels.push_back(std::move(panel));
    figure.arrays.push_back(
        array_of("layer " + std::to_string(layers[i]) + " h", {"channel", "lag"}, filter.taps));
  }
  report(progress, "layer", std::ssize(layers), std::ssize(layers));
  if (p.every_layer) {
    figure.subtitle =
        std::to_string(layers.size()) + " layers, filter " + std::to_string(p.which.filter);
    figure.columns = layers.size() > 4 ? 3 : layers.size() > 1 ? 2 : 1;
  }
  figure.caption = "Taps h[τ] of the long filter, a curve a channel";
  if (p.height == "shape") figure.caption += ", each over its largest |h|";
  if (p.window) {
    figure.caption +=
        "; dashed: the decay window of the channel that stands out, scaled to touch "
        "its curve";
  }
  figure.caption += p.skip ? "; the dot at lag 0 is its skip term" : "; the skip term is not drawn";
  return figure;
}

}  // namespace

Panel impulse_panel(const SequenceFilter& filter, const ChannelChoice& choice, std::int64_t shown,
                    const ImpulseStyle& style) {
  Panel panel;
  panel.title = "Impulse responses";
  panel.subtitle = choice.text + (style.shape_only ? ", shape only" : ", raw");
  panel.x = lag_axis(filter, shown);
  panel.y = {.title = style.shape_only ? "h[τ] / max |h|" : "h[τ]"};
  auto h = filter.taps, window = filter.window;
  auto first = filter.first_lag;
  if (style.log_lag) {
    const auto cut = std::max<std::int64_t>(0, 1 - first);
    h = h.slice(1, cut);
    if (window.defined()) window = window.slice(1, cut);
    first = std::max<std::int64_t>(first, 1);
    panel.x.scale = Scale::log;
    panel.x.range = Range{1, std::max(2.0, panel.x.range->high)};
  }
  const auto largest = filter.taps.abs().amax(1, /*keepdim=*/true);
  if (style.shape_only) h = h / largest.clamp_min(1e-30);
  const auto x = ramp("lag", "lag", static_cast<double>(first), 1, h.size(1));
  Lines lines;
  lines.shade_title = choice.shade_title();
  if (style.window && window.defined()) {
    const auto w = window[choice.focus].abs(), curve = h[choice.focus].abs();
    // The least factor for which the window bounds the curve; a window of zeros bounds nothing.
    const auto scale = (curve / w.clamp_min(1e-12)).masked_fill(w < 1e-12, 0).max();
    for (const int sign : {1, -1}) {
      lines.curves.push_back(
          {.name = sign > 0 ? "± decay window" : "",
           .x = x,
           .y = array_of(sign > 0 ? "window" : "−window", {"lag"}, sign * scale * w),
           .stroke = Stroke::bound});
    }
  }
  for (auto& curve : channel_curves(choice, x, h)) lines.curves.push_back(std::move(curve));
  if (style.skip && filter.skip.defined() && !style.log_lag) {
    auto b = filter.skip.slice(0, choice.focus, choice.focus + 1);
    if (style.shape_only) b = b / largest[choice.focus].clamp_min(1e-30);
    lines.curves.push_back({.name = "skip term b",
                            .x = ramp("lag", "lag", 0, 1, 1),
                            .y = array_of("skip", {"lag"}, b),
                            .stroke = Stroke::points,
                            .shade = choice.shade(choice.focus)});
  }
  panel.content = std::move(lines);
  return panel;
}

View impulse_view() {
  View view = define_view({.id = "impulse",
                           .title = "Impulse responses",
                           .group = "filters",
                           .summary = "what a layer's long filters look like over the lag: how far "
                                      "they reach and how they oscillate",
                           .needs = {.long_filters = true, .sequence_filters = true}},
                          compute);
  view.pick = [](const Figure& figure, std::size_t panel, double x, double y) {
    return Selection{.channel = nearest_channel(figure.panels.at(panel), x, y)};
  };
  return view;
}

}  // namespace hyena::inspect
