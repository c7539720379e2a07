#include <algorithm>
#include <cmath>
#include <numbers>

#include <ATen/ATen.h>

#include "inspect/figure/ticks.h"
#include "inspect/probe/filter_order.h"
#include "inspect/probe/filter_structure.h"
#include "inspect/probe/filters.h"
#include "inspect/probe/opened_subject.h"
#include "inspect/views/channel_choice.h"
#include "inspect/views/define_view.h"
#include "inspect/views/filter_choice.h"
#include "inspect/views/kinds.h"
#include "inspect/views/tensor_array.h"

namespace hyena::inspect {
namespace {

constexpr double kFloor = 160;  // dB: below it are rounding errors of float64

struct StructureParameters {
  FilterParameters which = {};
  ChannelParameters channels = {.spread = 8};
  double threshold = 0.01;
  std::int64_t order = 0;
  std::int64_t longest = 256;

  template <class Visitor>
  void visit(Visitor& v) {
    which.visit(v);
    channels.visit(v);
    v.field("threshold", threshold,
            {.help = "singular values below this share of the largest do not count as states",
             .min = 1e-12,
             .max = 1});
    v.field("order", order,
            {.help = "how many poles are fitted; 0: as many as there are states, 64 at most",
             .min = 0,
             .max = 512});
    v.field("longest", longest,
            {.help = "side of the Hankel matrix at most; it sees twice as many lags",
             .unit = "tokens",
             .min = 1,
             .max = 2048});
  }
};

/// Half the unit circle, on which oscillations neither grow nor decay.
Curve circle() {
  const auto turn = at::arange(0, 181, at::kDouble) * (std::numbers::pi / 180);
  return {.name = "unit circle",
          .x = array_of("real", {"point"}, turn.cos()),
          .y = array_of("imaginary", {"point"}, turn.sin()),
          .stroke = Stroke::bound};
}

/// The upper half of the plane: poles of real filters come in pairs, one above the other.
Panel poles_panel(const at::Tensor& found, std::int64_t channel) {
  Panel panel;
  panel.title = "Poles";
  panel.subtitle = "channel " + std::to_string(channel) + ", " + std::to_string(found.size(0)) +
                   (found.size(0) == 1 ? " state" : " states");
  const auto upper = found.masked_select(at::imag(found) >= 0);
  const auto real = at::real(upper).contiguous(), imaginary = at::imag(upper).contiguous();
  const double far =
      1.08 * std::max({1.0, real.abs().max().item<double>(), imaginary.max().item<double>()});
  panel.x = {.title = "Re z", .range = Range{-far, far}};
  panel.y = {.title = "Im z", .range = Range{-0.04 * far, far}};
  panel.content = Lines{.curves = {{.x = ramp("end", "point", -far, 2 * far, 2),
                                    .y = ramp("zero", "point", 0, 0, 2),
                                    .stroke = Stroke::guide},
                                   circle(),
                                   {.name = "poles",
                                    .x = array_of("real", {"pole"}, real),
                                    .y = array_of("imaginary", {"pole"}, imaginary),
                                    .stroke = Stroke::points,
                                    .shade = 0.4}}};
  return panel;
}

Figure compute(const ViewContext& context, const StructureParameters& p, const Progress& progress) {
  const auto filter = choose_filter(*context.model, p.which);
  const auto choice =
      choose_channels(p.channels, effective_length(filter.taps, filter.first_lag, 0.9));
  const auto causal = filter.taps.slice(1, std::max<std::int64_t>(0, -filter.first_lag));
  const auto steps = std::ssize(choice.drawn) + 1;

  std::vector<at::Tensor> rows;
  std::int64_t states = 1, done = 0;
  auto levels = at::Tensor{};
  for (const std::int64_t channel : choice.drawn) {
    report(progress, "channel", done++, steps);
    const auto found = hankel(causal[channel], p.threshold, p.longest);
    if (!levels.defined()) {
      levels = at::full({filter.channels(), found.singular_values.size(0)}, -kFloor, at::kDouble);
    }
    const double largest = found.singular_values[0].item<double>();
    levels[channel] = decibels(found.singular_values / (largest > 0 ? largest : 1.0), kFloor);
    if (channel == choice.focus) states = found.order;
  }
  report(progress, "channel", done, steps);
  const auto side = levels.size(1);
  const auto fitted =
      std::clamp<std::int64_t>(p.order > 0 ? p.order : std::min<std::int64_t>(states, 64), 1, side);
  const auto found = poles(causal[choice.focus], fitted, p.longest);

  Panel values;
  values.title = "Hankel singular values";
  values.subtitle = choice.text;
  values.x = {.title = "number of the value",
              .range = Range{0, static_cast<double>(std::max<std::int64_t>(1, side - 1))}};
  values.y = {.title = "σ", .unit = "dB re largest"};
  Lines lines;
  lines.shade_title = choice.shade_title();
  const double limit = 20 * std::log10(p.threshold);
  lines.curves.push_back(
      {.name = "threshold",
       .x = ramp("number", "value", 0, static_cast<double>(std::max<std::int64_t>(1, side - 1)), 2),
       .y = ramp("threshold", "value", limit, 0, 2),
       .stroke = Stroke::bound});
  for (auto& curve : channel_curves(choice, ramp("number", "value", 0, 1, side), levels)) {
    lines.curves.push_back(std::move(curve));
  }
  values.content = std::move(lines);

  Figure figure;
  figure.subtitle = filter_text(context.model->facts(), filter.layer, filter.filter) +
                    " · channel " + std::to_string(choice.focus) + ": " + std::to_string(states) +
                    (states == 1 ? " state" : " states") + " above " + number_text(limit, 3) +
                    " dB";
  figure.caption = "The Hankel matrix h[1 + i + j] of side " + std::to_string(side) +
                   " has as many singular values that are not 0 as the filter has states as a "
                   "recurrence; poles by the eigensystem realisation algorithm, "
                   "those with Im z < 0 mirror the others and are left out";
  if (filter.first_lag < 0) figure.notes = {"Of filters with two sides, lags from 0 on are seen"};
  figure.columns = 2;
  figure.panels = {std::move(values), poles_panel(found, choice.focus)};
  figure.arrays = {array_of("singular values in dB", {"channel", "value"},
                            levels.index_select(0, at::tensor(choice.drawn, at::kLong))),
                   array_of("poles", {"pole", "re im"}, at::view_as_real(found))};
  report(progress, "channel", steps, steps);
  return figure;
}

}  // namespace

View structure_view() {
  View view = define_view({.id = "structure",
                           .title = "Filter structure",
                           .group = "filters",
                           .summary = "how many states a filter would need as a recurrence, and "
                                      "how they decay and oscillate",
                           .needs = {.long_filters = true, .sequence_filters = true}},
                          compute);
  view.pick = [](const Figure& figure, std::size_t panel, double x, double y) {
    return Selection{.channel = nearest_channel(figure.panels.at(panel), x, y)};
  };
  return view;
}

}  // namespace hyena::inspect
