#include <algorithm>
#include <cmath>

#include <ATen/ATen.h>

#include "inspect/probe/filter_order.h"
#include "inspect/probe/opened_subject.h"
#include "inspect/views/define_view.h"
#include "inspect/views/filter_panels.h"
#include "inspect/views/kinds.h"
#include "inspect/views/scope.h"
#include "inspect/views/tensor_array.h"

namespace hyena::inspect {
namespace {

constexpr const char* kRows = "channel of row";
constexpr std::int64_t kMostCells = 1 << 22;

struct BankParameters {
  FilterParameters which = {};
  std::int64_t channel = -1;
  std::string sort = "length";
  std::int64_t lags = 0;
  bool logarithmic = false;
  double range = 60;
  LimitsParameters limits = {};

  template <class Visitor>
  void visit(Visitor& v) {
    which.visit(v);
    v.field("channel", channel, {.help = "the row that is marked; -1: none", .min = -1});
    v.field("sort", sort,
            {.help = "order of the rows: number, 90 % length, energy, mean frequency, or each "
                     "beside the one most like it",
             .choices = {"channel", "length", "energy", "centroid", "similarity"}});
    v.field("lags", lags,
            {.help = "the largest lag shown; 0: where 99 % of the energy ends in nine of ten "
                     "channels; -1: all",
             .unit = "tokens",
             .min = -1});
    v.field("log", logarithmic, {.help = "|h| in decibels instead of h"});
    v.field("range", range,
            {.help = "how far below the largest |h| decibels are told apart",
             .unit = "dB",
             .min = 1,
             .max = 200});
    limits.visit(v);
  }
};

Figure compute(const ViewContext& context, const BankParameters& p, const Progress& progress) {
  report(progress, "filters", 0, 2);
  const auto filter = choose_filter(*context.model, p.which);
  if (p.channel >= filter.channels()) choose_channels({.channel = p.channel}, filter.skip);
  const auto shown = shown_lag(filter, p.lags);
  const auto order = order_rows(filter, p.sort);
  report(progress, "limits", 1, 2);
  const auto limits = filter_limits(
      p.limits, !p.logarithmic, *context.model, filter.layer, FilterKind::sequence,
      [&](const at::Tensor& h) { return p.logarithmic ? decibels(h.abs(), p.range) : h; },
      progress);
  Figure figure;
  figure.subtitle = filter_text(context.model->facts(), filter.layer, filter.filter);
  figure.caption = p.logarithmic
                       ? "20 log₁₀ |h[τ]|, nothing more than " +
                             std::to_string(std::llround(p.range)) + " dB below the largest"
                       : std::string("Taps h[τ], a row a channel");
  figure.panels = {bank_panel(filter, order, shown, p.channel, limits, p.logarithmic, p.range)};
  figure.arrays = {array_of("h", {"channel", "lag"}, filter.taps)};
  keep_rows(figure, order);
  report(progress, "limits", 2, 2);
  return figure;
}

}  // namespace

RowOrder order_rows(const SequenceFilter& filter, const std::string& sort) {
  const auto by = [](const at::Tensor& key) {
    return key.argsort(/*stable=*/true, 0, /*descending=*/false);
  };
  const auto length = [&] { return effective_length(filter.taps, filter.first_lag, 0.9); };
  if (sort == "length") return {by(length()), "90 % length"};
  if (sort == "energy") return {by(filter.taps.square().sum(1)), "energy"};
  if (sort == "centroid") {
    return {by(band(spectrum(filter.taps, filter.first_lag)).centroid.nan_to_num()),
            "mean frequency"};
  }
  if (sort == "similarity") {
    const auto first = by(length())[0].item<std::int64_t>();
    return {similarity_order(filter.taps, first), "similarity"};
  }
  return {at::arange(filter.channels(), at::kLong), ""};
}

Panel bank_panel(const SequenceFilter& filter, const RowOrder& order, std::int64_t shown,
                 std::int64_t focus, const Limits& limits, bool logarithmic, double range) {
  Panel panel;
  panel.title = "Filter bank";
  panel.subtitle = std::to_string(filter.channels()) + " channels" +
                   (order.name.empty() ? "" : ", sorted by " + order.name);
  panel.x = lag_axis(filter, shown);
  panel.y = {.title = order.name.empty() ? "channel" : "rank by " + order.name};
  auto h = filter.taps.index_select(0, order.channels);
  auto first = filter.first_lag;
  if (h.numel() > kMostCells) {  // what lies beyond the shown lags is in the arrays
    const auto from = std::max(first, -shown);
    h = h.slice(1, from - first, std::min(filter.last_lag(), shown) - first + 1);
    first = from;
  }
  HeatMap map;
  map.cells = array_of("h by row", {"row", "lag"}, logarithmic ? decibels(h.abs(), range) : h);
  map.x_first = static_cast<double>(first);
  map.color = {.quantity = logarithmic ? Quantity::matrix : Quantity::signed_value,
               .title = logarithmic ? "dB" : "h",
               .limits = limits};
  if (order.name == "90 % length") {
    const auto length =
        effective_length(filter.taps, filter.first_lag, 0.9).index_select(0, order.channels);
    const auto rows = ramp("row", "row", 0, 1, filter.channels());
    for (const int sign : {1, -1}) {
      if (sign < 0 && filter.first_lag >= 0) continue;
      map.overlays.push_back({.name = sign > 0 ? "90 % of energy" : "",
                              .x = array_of("90 % length", {"row"}, sign * length),
                              .y = rows,
                              .stroke = Stroke::bound});
    }
  }
  if (focus >= 0) {
    const auto row = (order.channels == focus).to(at::kLong).argmax(0).item<std::int64_t>();
    map.marks = {{.row = row}};
  }
  panel.content = std::move(map);
  return panel;
}

void keep_rows(Figure& figure, const RowOrder& order) {
  figure.arrays.push_back(array_of(kRows, {"row"}, order.channels));
}

Selection pick_row(const Figure& figure, double y) {
  const auto row = std::llround(y);
  for (const Array& array : figure.arrays) {
    if (array.name() != kRows || row < 0 || row >= array.size()) continue;
    return {.channel = std::llround(array[row])};
  }
  return {};
}

View filter_bank_view() {
  View view = define_view({.id = "filter_bank",
                           .title = "Filter bank",
                           .group = "filters",
                           .summary = "all channels of a layer at once: which reach far, which "
                                      "oscillate, which are alike",
                           .needs = {.long_filters = true, .sequence_filters = true}},
                          compute);
  view.pick = [](const Figure& figure, std::size_t, double, double y) {
    return pick_row(figure, y);
  };
  return view;
}

}  // namespace hyena::inspect
