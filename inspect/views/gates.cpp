#include "inspect/probe/gates.h"

#include <cmath>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "inspect/figure/limits.h"
#include "inspect/probe/capture.h"
#include "inspect/views/define_view.h"
#include "inspect/views/kinds.h"
#include "inspect/views/scene.h"

namespace hyena::inspect {
namespace {

using backbone::OptionError;

constexpr double kClosed = 0.05;
constexpr std::int64_t kBins = 80;

struct Parameters {
  std::int64_t layer = 0, filter = 0, channel = 0;
  std::string part = "g_out";

  template <class Visitor>
  void visit(Visitor& v) {
    v.field("layer", layer, {.help = "block, from 0", .min = 0});
    v.field("part", part,
            {.help = "stream behind the short filter; product: what the first long filter sees",
             .choices = {"g_in", "g_out", "v", "product"}});
    v.field("filter", filter, {.help = "which input gate, in their order", .min = 0});
    v.field("channel", channel, {.help = "whose line is drawn", .min = 0});
  }
};

Panel values_panel(const Scene& scene, const Array& cells, const std::string& part,
                   std::int64_t channel) {
  HeatMap map;
  map.cells = cells;
  map.color = {.quantity = Quantity::signed_value, .title = part, .limits = {.symmetric = true}};
  map.marks = {{.row = channel}};
  Panel panel;
  panel.title = "All channels";
  panel.x = {.title = scene.vision() ? "patch" : "token",
             .labels = scene.axis_labels(cells.shape()[1])};
  panel.y = {.title = "channel"};
  panel.content = std::move(map);
  return panel;
}

Panel line_panel(const Scene& scene, const at::Tensor& line, const std::string& part,
                 std::int64_t channel) {
  Lines lines;
  lines.legend = false;
  const auto t = at::arange(line.size(0));
  lines.curves = {curve_of("", t, at::zeros_like(line), Stroke::guide),
                  curve_of("channel " + std::to_string(channel), t, line, Stroke::focus)};
  Panel panel;
  panel.title = "Channel " + std::to_string(channel);
  panel.x = {.title = scene.vision() ? "patch" : "token",
             .labels = scene.axis_labels(line.size(0))};
  panel.y = {.title = part};
  panel.content = std::move(lines);
  return panel;
}

Panel histogram_panel(const Array& cells, const GateFacts& facts, const std::string& part) {
  // Symmetric, so that a gate that prefers a sign is seen to.
  const auto ends = resolve({.percentile = 99.9, .symmetric = true}, cells);
  const auto counts = histogram(cells, ends.low, ends.high, kBins);
  const double width = (ends.high - ends.low) / static_cast<double>(kBins);
  std::vector<float> share;
  for (const auto count : counts) {
    share.push_back(100 * static_cast<float>(count) / static_cast<float>(cells.size()));
  }
  Lines lines;
  lines.legend = false;
  lines.curves = {{.name = "share",
                   .x = ramp("value", "bin", ends.low + width / 2, width, kBins),
                   .y = Array("share", {"bin"}, {kBins}, std::move(share)),
                   .stroke = Stroke::steps}};
  Panel panel;
  panel.title = "Values";
  panel.subtitle = "|" + part + "| < 0.05: " + percent(facts.closed) +
                   " · sign flips between neighbours: " + percent(facts.sign_flips);
  panel.x = {.title = part};
  panel.y = {.title = "share", .unit = "%"};
  panel.content = std::move(lines);
  return panel;
}

Figure compute(const ViewContext& context, const Parameters& p, const Progress& progress) {
  const at::NoGradGuard no_grad;
  const Scene scene(context);
  const auto& layer = scene.subject.layer(p.layer);
  const auto& facts = scene.subject.facts().layers[static_cast<std::size_t>(p.layer)];
  if (facts.filters == 0) {
    throw OptionError("layer " + std::to_string(p.layer) + " (" + facts.mixer +
                      ") has no gates; choose a layer with Hyena");
  }
  std::string tensor = p.part;
  if (p.part == "g_in") {
    check_index("input gate", p.filter, facts.filters);
    tensor += "." + std::to_string(p.filter);
  }
  const auto tap = tap_name(layer, tensor);
  auto stream = capture(scene.subject, scene.input(), {tap}, progress).tensors.at(tap)[0];
  stream = stream.flatten(1);
  check_index("channel", p.channel, stream.size(0));
  const auto grid = scene.grid(p.layer);
  const auto found = gate_facts(stream, kClosed);
  const auto cells = array_of(tensor, {"channel", "token"}, stream);

  Figure figure;
  figure.title = "Gate traces";
  figure.subtitle = scene.layer_text(p.layer) + " · " + tensor + " · " +
                    std::to_string(stream.size(0)) + " channels, " +
                    std::to_string(stream.size(1)) + " " + scene.unit();
  figure.caption = "Values behind the short filter, as the model multiplies them";
  figure.columns = scene.vision() ? 2 : 1;
  auto norm = scene.on_input(found.norm, grid, {.title = "norm"}, "Norm over channels");
  figure.panels = {values_panel(scene, cells, tensor, p.channel),
                   line_panel(scene, stream[p.channel], tensor, p.channel), std::move(norm),
                   histogram_panel(cells, found, tensor)};
  if (!scene.vision()) figure.panels[0].weight = 1.6;
  figure.arrays = {cells, array_of("norm", {"token"}, found.norm)};
  figure.provenance.taps = {tap};
  return figure;
}

Selection pick(const Figure& figure, std::size_t panel, double x, double y) {
  Selection out;
  const auto& shape = figure.arrays[0].shape();
  if (panel <= 1 && x > -0.5 && x < static_cast<double>(shape[1]) - 0.5) {
    out.token = std::llround(x);
  }
  if (panel == 0 && y > -0.5 && y < static_cast<double>(shape[0]) - 0.5) {
    out.channel = std::llround(y);
  }
  if (panel == 2) {
    const auto* picture = std::get_if<Picture>(&figure.panels[2].content);
    const auto prefix = picture ? shape[1] - picture->overlay.cells.size() : 0;
    out.token = token_at(figure.panels[2], x, y, prefix);
  }
  return out;
}

}  // namespace

View gates_view() {
  return define_view<Parameters>({.id = "gates",
                                  .title = "Gate traces",
                                  .group = "gates",
                                  .summary = "Which tokens and channels does a gate let through?",
                                  .needs = {.long_filters = true, .input = true},
                                  .pick = pick},
                                 compute);
}

}  // namespace hyena::inspect
