#include <ATen/ATen.h>

#include "inspect/probe/opened_subject.h"
#include "inspect/views/define_view.h"
#include "inspect/views/filter_panels.h"
#include "inspect/views/kinds.h"
#include "inspect/views/scope.h"
#include "inspect/views/tensor_array.h"

namespace hyena::inspect {
namespace {

struct SheetParameters {
  FilterParameters which = {};
  ChannelParameters channels = {};
  std::int64_t lags = 0;
  std::string height = "raw";
  bool window = true;
  bool skip = false;
  std::string sort = "length";
  double range = 60;
  LimitsParameters limits = {};

  template <class Visitor>
  void visit(Visitor& v) {
    which.visit(v);
    channels.visit(v);
    v.field("lags", lags,
            {.help = "the largest lag shown; 0: where 99 % of the energy ends in nine of ten "
                     "channels; -1: all",
             .unit = "tokens",
             .min = -1});
    v.field("height", height,
            {.help = "curves: the numbers, or each channel over its largest |h|",
             .choices = {"raw", "shape"}});
    v.field("window", window, {.help = "the decay window of the channel that stands out"});
    v.field("skip", skip, {.help = "the skip term: a dot at lag 0, and F + b"});
    v.field("sort", sort,
            {.help = "order of the rows",
             .choices = {"channel", "length", "energy", "centroid", "similarity"}});
    v.field("range", range,
            {.help = "how far below the largest |F| decibels are told apart",
             .unit = "dB",
             .min = 1,
             .max = 200});
    limits.visit(v);
  }
};

Figure compute(const ViewContext& context, const SheetParameters& p, const Progress& progress) {
  report(progress, "panel", 0, 4);
  const auto filter = choose_filter(*context.model, p.which);
  const auto choice =
      choose_channels(p.channels, effective_length(filter.taps, filter.first_lag, 0.9));
  const auto shown = shown_lag(filter, p.lags);
  const auto order = order_rows(filter, p.sort);
  report(progress, "panel", 1, 4);
  const auto found = spectrum(filter.taps, filter.first_lag, p.skip ? filter.skip : at::Tensor{});
  const ResponseStyle style = {.range = p.range};
  report(progress, "panel", 2, 4);
  const auto limits = filter_limits(
      p.limits, /*symmetric=*/true, *context.model, filter.layer, FilterKind::sequence,
      [](const at::Tensor& h) { return h; }, progress);
  Figure figure;
  figure.subtitle = filter_text(context.model->facts(), filter.layer, filter.filter) +
                    " · lags up to " + std::to_string(shown) + " of " +
                    std::to_string(reach(filter.taps, filter.first_lag) - 1);
  figure.caption =
      "Curves and rows are channels of one long filter; the row that is marked is "
      "channel " +
      std::to_string(choice.focus);
  figure.columns = 2;
  figure.panels = {
      impulse_panel(filter, choice, shown,
                    {.shape_only = p.height == "shape", .window = p.window, .skip = p.skip}),
      response_panel(found, choice, style),
      bank_panel(filter, order, shown, choice.focus, limits, /*logarithmic=*/false, p.range),
      response_map(found, order, choice.focus, style)};
  figure.arrays = {array_of("h", {"channel", "lag"}, filter.taps)};
  keep_rows(figure, order);
  report(progress, "panel", 4, 4);
  return figure;
}

}  // namespace

View filters_view() {
  View view = define_view({.id = "filters",
                           .title = "Filters",
                           .group = "filters",
                           .summary = "a layer's long filters on one sheet: over the lag and over "
                                      "the frequency, some channels as curves and all as rows",
                           .needs = {.long_filters = true, .sequence_filters = true}},
                          compute);
  view.pick = [](const Figure& figure, std::size_t panel, double x, double y) {
    const auto nearest = nearest_channel(figure.panels.at(panel), x, y);
    return nearest >= 0 ? Selection{.channel = nearest} : pick_row(figure, y);
  };
  return view;
}

}  // namespace hyena::inspect
