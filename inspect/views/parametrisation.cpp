#include <algorithm>
#include <cmath>
#include <numbers>

#include <ATen/ATen.h>

#include "inspect/probe/filter_order.h"
#include "inspect/probe/filters.h"
#include "inspect/probe/opened_subject.h"
#include "inspect/views/define_view.h"
#include "inspect/views/filter_choice.h"
#include "inspect/views/filter_panels.h"
#include "inspect/views/kinds.h"
#include "inspect/views/tensor_array.h"

namespace hyena::inspect {
namespace {

struct ParametrisationParameters {
  FilterParameters which = {};
  std::int64_t lags = 0;
  std::string sort = "channel";
  double range = 60;

  template <class Visitor>
  void visit(Visitor& v) {
    which.visit(v);
    v.field("lags", lags,
            {.help = "the largest lag shown; 0: where 99 % of the energy ends in nine of ten "
                     "channels; -1: all",
             .unit = "tokens",
             .min = -1});
    v.field("sort", sort,
            {.help = "order of the columns",
             .choices = {"channel", "length", "energy", "centroid", "similarity"}});
    v.field("range", range,
            {.help = "how far below the largest |F| decibels are told apart",
             .unit = "dB",
             .min = 1,
             .max = 200});
  }
};

Panel map_panel(const std::string& title, const Axis& x, const Axis& y, HeatMap map) {
  Panel panel;
  panel.title = title;
  panel.x = x;
  panel.y = y;
  panel.content = std::move(map);
  return panel;
}

Figure compute(const ViewContext& context, const ParametrisationParameters& p,
               const Progress& progress) {
  report(progress, "panel", 0, 4);
  const auto filter = choose_filter(*context.model, p.which);
  const auto order = order_rows(filter, p.sort);
  const auto shown = shown_lag(filter, p.lags);
  const auto found = spectrum(filter.taps, filter.first_lag);
  report(progress, "panel", 2, 4);
  const Axis lag = lag_axis(filter, shown);
  const Axis channel = {.title = order.name.empty() ? "channel" : "rank by " + order.name};
  const Axis frequency = {.title = "frequency", .unit = "cycles per token", .range = Range{0, 0.5}};
  // Down the page runs the lag or the frequency, across it the channel.
  const auto turned = [&](const at::Tensor& rows) {
    return rows.index_select(0, order.channels).t();
  };
  const auto along_lag = [&](HeatMap map) {
    map.y_first = static_cast<double>(filter.first_lag);
    return map;
  };
  const auto along_frequency = [&](HeatMap map) {
    map.y_step = 0.5 / static_cast<double>(std::max<std::int64_t>(1, found.frequency.size(0) - 1));
    return map;
  };
  const ColorRule symmetric = {.quantity = Quantity::signed_value, .limits = {.symmetric = true}};
  Figure figure;
  figure.columns = 2;
  if (filter.features.defined() && filter.features.dim() == 2 &&
      filter.features.size(0) == filter.taps.size(1)) {
    figure.panels.push_back(
        map_panel("Encoding", {.title = "feature"}, lag,
                  along_lag({.cells = array_of("encoding", {"lag", "feature"}, filter.features),
                             .color = symmetric})));
    figure.arrays.push_back(array_of("encoding", {"lag", "feature"}, filter.features));
  } else {
    figure.notes = {"These filters are stored tap by tap: there is no encoding to show"};
  }
  auto taps = symmetric;
  taps.title = "h";
  figure.panels.push_back(map_panel(
      "Filters", channel, lag,
      along_lag({.cells = array_of("h", {"lag", "channel"}, turned(filter.taps)), .color = taps})));
  const auto level = decibels(found.magnitude, p.range);
  const double high = level.max().item<double>();
  figure.panels.push_back(map_panel(
      "Magnitude", channel, frequency,
      along_frequency(
          {.cells = array_of("|F| in dB", {"frequency", "channel"}, turned(level)),
           .color = {.quantity = Quantity::matrix,
                     .title = "dB",
                     .limits = {.policy = "fixed", .low = high - p.range, .high = high}}})));
  constexpr double kPi = std::numbers::pi;
  figure.panels.push_back(map_panel(
      "Phase", channel, frequency,
      along_frequency({.cells = array_of("phase", {"frequency", "channel"}, turned(found.phase)),
                       .color = {.quantity = Quantity::phase,
                                 .title = "rad",
                                 .limits = {.policy = "fixed", .low = -kPi, .high = kPi}}})));
  figure.subtitle = filter_text(context.model->facts(), filter.layer, filter.filter);
  figure.caption =
      "What the filter's network sees of each lag, the filters it makes of it, and "
      "their Fourier transform, unscaled";
  figure.arrays.push_back(array_of("h", {"channel", "lag"}, filter.taps));
  keep_rows(figure, order);
  report(progress, "panel", 4, 4);
  return figure;
}

}  // namespace

View parametrisation_view() {
  View view = define_view({.id = "parametrisation",
                           .title = "Filter parametrisation",
                           .group = "filters",
                           .summary = "how a small network over an encoding of the lag makes the "
                                      "filters, and which frequencies it can reach",
                           .needs = {.long_filters = true, .sequence_filters = true}},
                          compute);
  view.pick = [](const Figure& figure, std::size_t panel, double x, double) {
    return figure.panels.at(panel).title == "Encoding" ? Selection{} : pick_row(figure, x);
  };
  return view;
}

}  // namespace hyena::inspect
