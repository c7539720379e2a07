#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include <ATen/ATen.h>

#include "inspect/figure/limits.h"
#include "inspect/probe/filters.h"
#include "inspect/probe/opened_subject.h"
#include "inspect/probe/sanity.h"
#include "inspect/views/define_view.h"
#include "inspect/views/filter_panels.h"
#include "inspect/views/kinds.h"
#include "inspect/views/scope.h"
#include "inspect/views/tensor_array.h"

namespace hyena::inspect {
namespace {

struct CompareParameters {
  FilterParameters which = {};
  std::int64_t channel = -1;
  std::string sort = "length";
  std::int64_t lags = 0;
  std::int64_t seed = 0;
  double percentile = 99.5;

  template <class Visitor>
  void visit(Visitor& v) {
    which.visit(v);
    v.field("channel", channel,
            {.help = "the row that is marked, or the filter over a map that is drawn; -1: none, or "
                     "the one that changed most",
             .min = -1});
    v.field("sort", sort,
            {.help = "order of the rows, by the filters of the model",
             .choices = {"channel", "length", "energy", "centroid", "similarity"}});
    v.field("lags", lags,
            {.help = "the largest lag shown; 0: where 99 % of the energy ends in nine of ten "
                     "channels; -1: all",
             .unit = "tokens",
             .min = -1});
    v.field("seed", seed,
            {.help = "without a second model: of the fresh weights it is compared with", .min = 0});
    v.field("percentile", percentile,
            {.help = "share of the numbers inside the ends of the colours, which both models share",
             .unit = "%",
             .min = 51,
             .max = 100});
  }
};

/// A layer's filters of both, (F, …) in float64. Throws OptionError where they cannot be compared.
std::pair<at::Tensor, at::Tensor> both(OpenedSubject& before, OpenedSubject& after,
                                       std::int64_t layer, const FilterParameters& which) {
  const auto of = [&](OpenedSubject& subject) {
    const auto all = layer_filters(subject, layer, which.tokens);
    return in_double(all.over_map ? all.taps : sequence_taps(all, which.filter));
  };
  auto a = of(before), b = of(after);
  if (a.sizes() == b.sizes()) return {a, b};
  const auto shape = [](const at::Tensor& t) {
    std::string text;
    for (const auto size : t.sizes()) text += (text.empty() ? "" : " × ") + std::to_string(size);
    return text;
  };
  throw backbone::OptionError("layer " + std::to_string(layer) + " has filters of " + shape(b) +
                              " in the model and of " + shape(a) +
                              " in the second one; only equal shapes can be compared");
}

/// |b − a| / |a| of each channel; a channel of zeros counts as 1 long.
at::Tensor relative_change(const at::Tensor& a, const at::Tensor& b) {
  const auto size = a.flatten(1).norm(2, 1);
  return (b - a).flatten(1).norm(2, 1) / at::where(size > 0, size, at::ones_like(size));
}

/// One channel's filter over maps.
Panel one_map(const std::string& title, std::int64_t channel, const at::Tensor& taps,
              const Limits& limits) {
  const auto h = taps.size(1), w = taps.size(2);
  Panel panel;
  panel.title = title;
  panel.subtitle = "channel " + std::to_string(channel);
  panel.x = {.title = "Δx", .unit = "patches"};
  panel.y = {.title = "Δy", .unit = "patches"};
  panel.content =
      HeatMap{.cells = array_of(title, {"dy", "dx"}, taps[channel]),
              .x_first = static_cast<double>(-(w / 2)),
              .y_first = static_cast<double>(-(h / 2)),
              .color = {.quantity = Quantity::signed_value, .title = "h", .limits = limits},
              .square = true};
  return panel;
}

Panel change_panel(const at::Tensor& change) {
  Panel panel;
  panel.title = "Change of each channel";
  panel.x = channel_axis(change.size(0));
  panel.y = {.title = "|Δh| / |h₀|"};
  panel.content = Lines{.curves = {{.x = ramp("channel", "channel", 0, 1, change.size(0)),
                                    .y = array_of("relative change", {"channel"}, change),
                                    .stroke = Stroke::points,
                                    .shade = 0.4}},
                        .legend = false};
  return panel;
}

Panel layers_panel(OpenedSubject& before, OpenedSubject& after, std::int64_t focus,
                   const FilterParameters& which, const Progress& progress) {
  Bars bars;
  bars.first_name = "|Δh| / |h₀|";
  const auto layers = layers_with(after.facts(), FilterKind::any);
  for (std::size_t i = 0; i < layers.size(); ++i) {
    report(progress, "layer", static_cast<std::int64_t>(i), std::ssize(layers));
    if (which.filter >= after.facts().layers[static_cast<std::size_t>(layers[i])].filters) continue;
    const auto [a, b] = both(before, after, layers[i], which);
    bars.bars.push_back({.name = "layer " + std::to_string(layers[i]),
                         .value = relative_change(a.unsqueeze(0), b.unsqueeze(0)).item<double>(),
                         .focus = layers[i] == focus});
  }
  report(progress, "layer", std::ssize(layers), std::ssize(layers));
  Panel panel;
  panel.title = "Change of each layer";
  panel.x = {.title = "|Δh| / |h₀|"};
  panel.content = std::move(bars);
  return panel;
}

/// How many channels' mean frequency moved by how much.
Panel shift_panel(const SequenceFilter& before, const SequenceFilter& after) {
  const auto of = [](const SequenceFilter& f) {
    return band(spectrum(f.taps, f.first_lag)).centroid.nan_to_num();
  };
  const auto shift = of(after) - of(before);
  const double end = std::max(1e-3, shift.abs().max().item<double>());
  constexpr std::int64_t kBins = 24;
  const auto counts =
      histogram(array_of("shift", {"channel"}, shift), -end * 1.0001, end * 1.0001, kBins);
  std::vector<float> heights(counts.begin(), counts.end());
  const double step = 2 * end / kBins;
  Panel panel;
  panel.title = "Shift of the mean frequency";
  panel.x = {.title = "shift", .unit = "cycles per token", .range = Range{-end, end}};
  panel.y = {.title = "channels"};
  panel.content = Lines{.curves = {{.x = ramp("shift", "bin", -end + step / 2, step, kBins),
                                    .y = Array("channels", {"bin"}, {kBins}, std::move(heights)),
                                    .stroke = Stroke::steps,
                                    .shade = 0.4}},
                        .legend = false};
  return panel;
}

Figure compute(const ViewContext& context, const CompareParameters& p, const Progress& progress) {
  auto& after = opened(*context.model);
  std::shared_ptr<OpenedSubject> fresh;
  if (context.second == nullptr) fresh = randomised(after, static_cast<std::uint64_t>(p.seed));
  auto& before = context.second != nullptr ? opened(*context.second) : *fresh;
  if (before.layers().size() != after.layers().size()) {
    throw backbone::OptionError("the model has " + std::to_string(after.layers().size()) +
                                " layers and the second one " +
                                std::to_string(before.layers().size()) +
                                "; only models of one architecture can be compared");
  }
  const auto& facts = after.facts();
  const auto layer = choose_layer(facts, p.which.layer, FilterKind::any);
  const auto [a, b] = both(before, after, layer, p.which);
  const auto change = relative_change(a, b);
  const LimitsParameters colours = {.percentile = p.percentile};
  const auto shared = common_limits(colours, /*symmetric=*/true, "layer", {a, b});
  const Limits own = {.percentile = p.percentile, .symmetric = true};
  const std::string name = context.second != nullptr ? "Second model" : "Initial weights";

  Figure figure;
  figure.columns = 3;
  if (a.dim() == 3) {
    const auto channel = p.channel >= 0 ? p.channel : change.argmax().item<std::int64_t>();
    choose_channels({.channel = channel}, change);
    figure.panels = {one_map(name, channel, a, shared), one_map("Model", channel, b, shared),
                     one_map("Difference", channel, b - a, own)};
  } else {
    if (p.channel >= 0) choose_channels({.channel = p.channel}, change);
    FilterParameters which = p.which;
    which.layer = layer;
    const auto first = choose_filter(before, which), second = choose_filter(after, which);
    auto difference = second;
    difference.taps = b - a;
    const auto shown = std::max(shown_lag(first, p.lags), shown_lag(second, p.lags));
    const auto order = order_rows(second, p.sort);
    const auto bank = [&](const std::string& title, const SequenceFilter& filter,
                          const Limits& limits) {
      Panel panel = bank_panel(filter, order, shown, p.channel, limits, false, 60);
      std::get<HeatMap>(panel.content).overlays.clear();
      panel.title = title;
      panel.subtitle.clear();
      figure.panels.push_back(std::move(panel));
    };
    bank(name, first, shared);
    bank("Model", second, shared);
    bank("Difference", difference, own);
    figure.panels.push_back(shift_panel(first, second));
    keep_rows(figure, order);
  }
  figure.panels.push_back(change_panel(change));
  figure.panels.push_back(layers_panel(before, after, layer, p.which, progress));
  figure.subtitle = filter_text(facts, layer, p.which.filter);
  figure.caption = context.second != nullptr
                       ? "h₀ are the filters of the second model"
                       : "h₀ are the filters of the same architecture with fresh weights, seed " +
                             std::to_string(p.seed);
  figure.caption +=
      "; it and the model share their colours, the difference has its own; "
      "|·| is the root of a sum of squares";
  figure.arrays.insert(figure.arrays.begin(),
                       array_of("difference",
                                a.dim() == 3 ? std::vector<std::string>{"channel", "dy", "dx"}
                                             : std::vector<std::string>{"channel", "lag"},
                                b - a));
  figure.arrays.push_back(array_of("relative change", {"channel"}, change));
  if (context.second != nullptr) {
    const auto& other = context.second->facts();
    figure.provenance.second_model = other.file.empty() ? other.name : other.file;
    figure.provenance.second_sha256 = other.sha256;
  }
  return figure;
}

}  // namespace

View compare_view() {
  View view = define_view({.id = "compare",
                           .title = "Filters compared",
                           .group = "filters",
                           .summary = "what training changed in the filters: against fresh "
                                      "weights, or between two models",
                           .needs = {.long_filters = true}},
                          compute);
  view.pick = [](const Figure& figure, std::size_t panel, double x, double y) {
    const Panel& clicked = figure.panels.at(panel);
    if (clicked.title == "Change of each channel") {
      return Selection{.channel = std::max<std::int64_t>(-1, std::llround(x))};
    }
    const auto* map = std::get_if<HeatMap>(&clicked.content);
    return map != nullptr && !map->square ? pick_row(figure, y) : Selection{};
  };
  return view;
}

}  // namespace hyena::inspect
