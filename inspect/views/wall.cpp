#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "inspect/probe/hyena_matrix.h"
#include "inspect/views/define_view.h"
#include "inspect/views/kinds.h"
#include "inspect/views/scene.h"

namespace hyena::inspect {
namespace {

constexpr std::int64_t kThumbnail = 96;  // cells a side

struct Parameters {
  std::string show = "matrices";
  std::vector<std::int64_t> channels = {};
  std::int64_t count = 8;
  bool skip = false;

  template <class Visitor>
  void visit(Visitor& v) {
    v.field("show", show,
            {.help = "|H| in small, or one number a cell",
             .choices = {"matrices", "numbers", "mean_lag", "length_90", "diagonal_share",
                         "entropy", "gate_sparsity", "contribution"}});
    v.field("channels", channels, {.help = "channels or heads; empty: evenly spread ones"});
    v.field("count", count, {.help = "how many are spread evenly", .min = 1, .max = 64});
    v.field("skip", skip, {.help = "with the skip term, which often swamps the rest"});
  }
};

struct Number {
  const char* name;
  const char* title;
  const char* unit;
  at::Tensor MatrixStatistics::*of;
};
constexpr Number kNumbers[] = {
    {"mean_lag", "Mean lag", "tokens", &MatrixStatistics::mean_lag},
    {"length_90", "90 % length", "tokens", &MatrixStatistics::length_90},
    {"diagonal_share", "Diagonal share", "", &MatrixStatistics::diagonal_share},
    {"entropy", "Entropy of rows", "nats", &MatrixStatistics::entropy},
    {"gate_sparsity", "Share of |g| < 0.05", "", &MatrixStatistics::gate_sparsity},
    {"contribution", "Contribution", "", &MatrixStatistics::contribution}};

/// The mixers that have matrices, and why the others have none.
struct Mixers {
  std::vector<std::optional<FrozenMixer>> layers = {};
  std::vector<std::string> notes = {}, taps = {};
};

Mixers freeze_all(const Scene& scene, const Progress& progress) {
  Mixers out;
  std::vector<bool> can;
  for (std::int64_t i = 0; i < std::ssize(scene.subject.layers()); ++i) {
    try {
      const auto taps = freeze_taps(scene.subject, i);
      out.taps.insert(out.taps.end(), taps.begin(), taps.end());
      can.push_back(true);
    } catch (const backbone::OptionError& error) {
      out.notes.emplace_back(error.what());
      can.push_back(false);
    }
  }
  if (out.taps.empty()) throw backbone::OptionError(out.notes.front());
  const auto seen = capture(scene.subject, scene.input(), out.taps, progress);
  for (std::size_t i = 0; i < can.size(); ++i) {
    out.layers.emplace_back();
    if (!can[i]) continue;
    try {
      out.layers.back() = freeze(scene.subject, seen, static_cast<std::int64_t>(i));
    } catch (const backbone::OptionError& error) {
      out.notes.emplace_back(error.what());
    }
  }
  if (std::ranges::none_of(out.layers, [](const auto& m) { return m.has_value(); })) {
    throw backbone::OptionError(out.notes.front());
  }
  return out;
}

/// Those of one layer.
std::vector<std::int64_t> chosen(const Parameters& p, std::int64_t matrices) {
  if (!p.channels.empty()) {
    for (const auto channel : p.channels) check_index("channel", channel, matrices);
    return p.channels;
  }
  const auto count = std::min(p.count, matrices);
  std::vector<std::int64_t> out;
  for (std::int64_t i = 0; i < count; ++i) out.push_back(i * matrices / count);
  return out;
}

void add_thumbnail(Figure& figure, const FrozenMixer& mixer, std::int64_t layer,
                   std::int64_t channel, const MatrixOptions& options, const Progress& progress) {
  const std::int64_t block = (mixer.tokens + kThumbnail - 1) / kThumbnail;
  const auto h = block > 1 ? block_maxima(mixer, channel, block, options, progress)
                           : matrix(mixer, channel, options).abs();
  const auto top = h.flatten().quantile(0.995).clamp_min(1e-30);
  HeatMap map;
  map.cells = array_of("|H|", {"destination", "source"}, h / top);
  if (mixer.causal) {
    map.mask = array_of("future", {"destination", "source"}, at::ones_like(h).triu(1));
  }
  map.color = {.quantity = Quantity::matrix,
               .title = "|H|",
               .limits = {.policy = "fixed", .low = 0, .high = 1}};
  map.square = true;
  Panel panel;
  panel.title = std::to_string(layer) + " · " + std::to_string(channel);
  panel.content = std::move(map);
  panel.thumbnail = true;
  figure.panels.push_back(std::move(panel));
  figure.arrays.push_back(array_of("|H|", {"destination", "source"}, h));
}

Panel numbers(const Number& number, const std::vector<at::Tensor>& rows, const Scene& scene,
              const std::vector<std::string>& labels) {
  HeatMap map;
  map.cells = array_of(number.name, {"layer", "channel"}, at::stack(rows));
  map.color = {.title = number.unit, .limits = {.policy = "data"}};
  Panel panel;
  panel.title = number.title;
  panel.x = {.title = "channel", .labels = labels};
  panel.y = {.title = "layer"};
  for (std::size_t i = 0; i < rows.size(); ++i) panel.y.labels.push_back(std::to_string(i));
  if (std::string(number.unit) == "tokens") {
    map.color.title = scene.unit();
    panel.title += scene.vision() ? " (patches)" : " (tokens)";
  }
  panel.content = std::move(map);
  return panel;
}

Figure compute(const ViewContext& context, const Parameters& p, const Progress& progress) {
  const at::NoGradGuard no_grad;
  const Scene scene(context);
  auto mixers = freeze_all(scene, progress);
  const MatrixOptions options{.skip = p.skip};
  std::vector<std::vector<std::int64_t>> channels;
  std::size_t columns = 1;
  for (const auto& mixer : mixers.layers) {
    channels.push_back(mixer ? chosen(p, mixer->matrices()) : std::vector<std::int64_t>{});
    columns = std::max(columns, channels.back().size());
  }
  Figure figure;
  figure.title = "Overview";
  figure.subtitle =
      std::to_string(mixers.layers.size()) + " layers × " + std::to_string(columns) + " channels";
  figure.caption = p.skip ? "With the skip term" : "Without the skip term";
  // Which channel stands in column j of layer i; −1: none.
  auto names = at::full({std::ssize(channels), static_cast<std::int64_t>(columns)}, -1, at::kLong);
  std::vector<std::vector<at::Tensor>> rows(std::size(kNumbers));
  bool same = true;
  for (std::size_t i = 0; i < channels.size(); ++i) {
    const auto layer = static_cast<std::int64_t>(i);
    report(progress, "layer", layer, std::ssize(channels));
    same = same && channels[i] == channels[0];
    for (std::size_t j = 0; j < channels[i].size(); ++j) {
      names[layer][static_cast<std::int64_t>(j)] = channels[i][j];
      if (p.show != "matrices") continue;
      add_thumbnail(figure, *mixers.layers[i], layer, channels[i][j], options, progress);
    }
    if (p.show == "matrices") {
      // Layers without matrices have no row; shorter rows are filled up by nothing to see.
      for (auto j = channels[i].size(); j < columns && !channels[i].empty(); ++j) {
        figure.panels.push_back({.content = Lines{}, .thumbnail = true});
      }
      continue;
    }
    MatrixStatistics found;
    if (mixers.layers[i]) {
      found = statistics(*mixers.layers[i], channels[i], mixers.layers[i]->filters.out_weight,
                         options, progress);
    }
    for (std::size_t k = 0; k < rows.size(); ++k) {
      auto row = at::full({static_cast<std::int64_t>(columns)},
                          std::numeric_limits<double>::quiet_NaN(), at::kDouble);
      const auto& value = found.*kNumbers[k].of;
      if (value.defined()) row.slice(0, 0, value.size(0)).copy_(value);
      rows[k].push_back(row);
    }
  }
  report(progress, "layer", std::ssize(channels), std::ssize(channels));
  figure.columns = static_cast<std::int64_t>(columns);
  if (p.show != "matrices") {
    std::vector<std::string> labels;
    for (std::size_t j = 0; j < columns; ++j) {
      labels.push_back(std::to_string(same ? channels[0][j] : static_cast<std::int64_t>(j)));
    }
    for (std::size_t k = 0; k < rows.size(); ++k) {
      if (p.show != "numbers" && p.show != kNumbers[k].name) continue;
      figure.panels.push_back(numbers(kNumbers[k], rows[k], scene, labels));
      figure.arrays.push_back(std::get<HeatMap>(figure.panels.back().content).cells);
    }
    figure.columns = p.show == "numbers" ? 2 : 1;
  } else {
    figure.caption += "; |H|, each over its own 99.5th percentile; titles: layer · channel";
  }
  figure.arrays.push_back(array_of("channels", {"layer", "column"}, names));
  figure.notes = mixers.notes;
  figure.provenance.taps = mixers.taps;
  return figure;
}

Selection pick(const Figure& figure, std::size_t panel, double x, double y) {
  const Array& names = figure.arrays.back();
  const std::int64_t columns = names.shape()[1];
  std::int64_t layer = std::llround(y), column = std::llround(x);
  if (figure.panels[panel].thumbnail) {
    // Layers without matrices have no panels.
    std::int64_t row = static_cast<std::int64_t>(panel) / columns;
    column = static_cast<std::int64_t>(panel) % columns;
    for (layer = 0; layer < names.shape()[0]; ++layer) {
      if (names[layer * columns] >= 0 && row-- == 0) break;
    }
  }
  if (layer < 0 || layer >= names.shape()[0] || column < 0 || column >= columns) return {};
  return {.layer = layer, .channel = static_cast<std::int64_t>(names[layer * columns + column])};
}

}  // namespace

View wall_view() {
  return define_view<Parameters>(
      {.id = "wall",
       .title = "Overview wall",
       .group = "matrix",
       .summary = "How do layers and channels differ in what they take from where?",
       .needs = {.input = true},
       .pick = pick},
      compute);
}

}  // namespace hyena::inspect
