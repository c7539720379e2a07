#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include <ATen/ATen.h>

#include "inspect/figure/ticks.h"
#include "inspect/probe/filter_order.h"
#include "inspect/probe/opened_subject.h"
#include "inspect/views/define_view.h"
#include "inspect/views/filter_panels.h"
#include "inspect/views/kinds.h"
#include "inspect/views/tensor_array.h"

namespace hyena::inspect {
namespace {

struct ResponseParameters {
  FilterParameters which = {};
  ChannelParameters channels = {};
  std::string draw = "lines";
  std::string sort = "length";
  std::vector<std::string> quantities = {"magnitude", "phase", "delay"};
  std::string relative = "one";
  double range = 60;
  bool skip = false;

  template <class Visitor>
  void visit(Visitor& v) {
    which.visit(v);
    channels.visit(v);
    v.field("draw", draw,
            {.help = "curves, or all channels as a map", .choices = {"lines", "map"}});
    v.field("sort", sort,
            {.help = "order of the rows of a map",
             .choices = {"channel", "length", "energy", "centroid", "similarity"}});
    v.field("quantities", quantities,
            {.help = "what is drawn, a panel each", .choices = {"magnitude", "phase", "delay"}});
    v.field(
        "relative", relative,
        {.help = "what 0 dB is: 1, or each channel's largest |F|", .choices = {"one", "maximum"}});
    v.field("range", range,
            {.help = "how far below the largest |F| decibels are told apart",
             .unit = "dB",
             .min = 1,
             .max = 200});
    v.field("skip", skip, {.help = "the response with the skip term, F + b"});
  }
};

constexpr double kPi = std::numbers::pi;

/// Where most of the finite values lie, with some air: one delay near a zero of F would hide all.
std::optional<Range> most_of(const at::Tensor& values, double percentile) {
  const auto finite = values.masked_select(values.isfinite());
  if (finite.numel() == 0) return {};
  const auto sorted = std::get<0>(finite.sort());
  const auto at = [&](double share) {
    return sorted[std::llround(share * static_cast<double>(sorted.numel() - 1))].item<double>();
  };
  const double low = at(1 - percentile / 100), high = at(percentile / 100);
  const double air = std::max(0.05 * (high - low), 1e-3);
  return Range{low - air, high + air};
}

Axis frequency_axis() {
  return {.title = "frequency", .unit = "cycles per token", .range = Range{0, 0.5}};
}

std::string title_of(const std::string& quantity) {
  if (quantity == "phase") return "Phase";
  return quantity == "delay" ? "Group delay" : "Frequency response";
}

Figure compute(const ViewContext& context, const ResponseParameters& p, const Progress& progress) {
  const auto panels = std::ssize(p.quantities);
  for (const auto& name : p.quantities) {
    if (name == "magnitude" || name == "phase" || name == "delay") continue;
    throw backbone::OptionError("view response: quantities: '" + name +
                                "' is none of magnitude, phase, delay");
  }
  report(progress, "panel", 0, panels);
  const auto filter = choose_filter(*context.model, p.which);
  const auto found = spectrum(filter.taps, filter.first_lag, p.skip ? filter.skip : at::Tensor{});
  const auto choice =
      choose_channels(p.channels, effective_length(filter.taps, filter.first_lag, 0.9));
  const auto bands = band(found);
  const auto number = [&](const at::Tensor& of) {
    return number_text(of[choice.focus].item<double>(), 2);
  };
  Figure figure;
  figure.subtitle = filter_text(context.model->facts(), filter.layer, filter.filter) +
                    " · channel " + std::to_string(choice.focus) + ": " +
                    bands.label[static_cast<std::size_t>(choice.focus)] + "-pass, mean " +
                    number(bands.centroid) + " ± " + number(bands.bandwidth) + " cycles per token";
  figure.caption = std::string("F is the Fourier transform of h") +
                   (p.skip ? " + b at lag 0" : "") + ", zero-padded to twice its reach, not scaled";
  const bool map = p.draw == "map";
  const auto order = map ? order_rows(filter, p.sort) : RowOrder{};
  for (std::int64_t i = 0; i < panels; ++i) {
    report(progress, "panel", i, panels);
    const ResponseStyle style = {.quantity = p.quantities[static_cast<std::size_t>(i)],
                                 .own_maximum = p.relative == "maximum",
                                 .range = p.range};
    figure.panels.push_back(map ? response_map(found, order, choice.focus, style)
                                : response_panel(found, choice, style));
    if (style.quantity == "delay") {
      figure.caption +=
          "; the group delay −dφ/dω has a gap where |F| is below 10⁻⁶ of its "
          "largest" +
          std::string(map ? "" : ", and its axis shows 98 % of the values");
    }
  }
  figure.columns = std::min<std::int64_t>(panels, 3);
  figure.arrays = {array_of("|F|", {"channel", "frequency"}, found.magnitude),
                   array_of("phase", {"channel", "frequency"}, found.phase),
                   array_of("group delay", {"channel", "frequency"}, found.group_delay),
                   array_of("centroid", {"channel"}, bands.centroid),
                   array_of("bandwidth", {"channel"}, bands.bandwidth)};
  if (map) keep_rows(figure, order);
  report(progress, "panel", panels, panels);
  return figure;
}

}  // namespace

at::Tensor response_values(const Spectrum& spectrum, const ResponseStyle& style, bool wrapped) {
  if (style.quantity == "delay") return spectrum.group_delay;
  if (style.quantity == "phase") return wrapped ? spectrum.phase : spectrum.unwrapped;
  if (!style.own_maximum) return decibels(spectrum.magnitude, style.range);
  const auto largest = spectrum.magnitude.amax(-1, /*keepdim=*/true);
  return decibels(spectrum.magnitude / largest.clamp_min(1e-300), style.range);
}

Panel response_panel(const Spectrum& spectrum, const ChannelChoice& choice,
                     const ResponseStyle& style) {
  Panel panel;
  panel.title = title_of(style.quantity);
  panel.subtitle = choice.text;
  panel.x = frequency_axis();
  panel.top = Axis{.title = "period", .unit = "tokens"};
  const auto y = response_values(spectrum, style, /*wrapped=*/false);
  if (style.quantity == "magnitude") {
    panel.y = {.title = "|F|", .unit = style.own_maximum ? "dB re maximum" : "dB re 1"};
  } else if (style.quantity == "phase") {
    panel.y = {.title = "phase, unwrapped", .unit = "rad"};
  } else {
    panel.y = {.title = "group delay", .unit = "tokens"};
    panel.y.range =
        most_of(y.index_select(0, at::tensor(choice.drawn, at::kLong)), /*percentile=*/99);
  }
  Lines lines;
  lines.shade_title = choice.shade_title();
  lines.curves =
      channel_curves(choice, array_of("frequency", {"frequency"}, spectrum.frequency), y);
  panel.content = std::move(lines);
  return panel;
}

Panel response_map(const Spectrum& spectrum, const RowOrder& order, std::int64_t focus,
                   const ResponseStyle& style) {
  const auto values = response_values(spectrum, style, /*wrapped=*/true);
  Panel panel;
  panel.title = style.quantity == "magnitude" ? "Spectrum" : title_of(style.quantity);
  panel.subtitle = "same rows";
  panel.x = frequency_axis();
  panel.y = {.title = order.name.empty() ? "channel" : "rank by " + order.name};
  HeatMap map;
  map.cells = array_of(style.quantity + " by row", {"row", "frequency"},
                       values.index_select(0, order.channels));
  map.x_step = 0.5 / static_cast<double>(std::max<std::int64_t>(1, values.size(1) - 1));
  if (style.quantity == "magnitude") {
    const double high = values.max().item<double>();
    map.color = {.quantity = Quantity::matrix,
                 .title = "dB",
                 .limits = {.policy = "fixed", .low = high - style.range, .high = high}};
    panel.subtitle += ", " + number_text(style.range) + " dB below the largest";
  } else if (style.quantity == "phase") {
    map.color = {.quantity = Quantity::phase,
                 .title = "rad",
                 .limits = {.policy = "fixed", .low = -kPi, .high = kPi}};
  } else {
    map.color = {.quantity = Quantity::signed_value,
                 .title = "tokens",
                 .limits = {.percentile = 95, .symmetric = true}};
  }
  if (focus >= 0) {
    const auto row = (order.channels == focus).to(at::kLong).argmax(0).item<std::int64_t>();
    map.marks = {{.row = row}};
  }
  panel.content = std::move(map);
  return panel;
}

View response_view() {
  View view = define_view({.id = "response",
                           .title = "Frequency response",
                           .group = "filters",
                           .summary = "which frequencies a layer's filters let through, and how "
                                      "long they hold them back",
                           .needs = {.long_filters = true, .sequence_filters = true}},
                          compute);
  view.pick = [](const Figure& figure, std::size_t panel, double x, double y) {
    const auto nearest = nearest_channel(figure.panels.at(panel), x, y);
    return nearest >= 0 ? Selection{.channel = nearest} : pick_row(figure, y);
  };
  return view;
}

}  // namespace hyena::inspect
