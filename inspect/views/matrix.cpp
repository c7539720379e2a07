#include <algorithm>
#include <cmath>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "inspect/probe/hyena_matrix.h"
#include "inspect/views/define_view.h"
#include "inspect/views/kinds.h"
#include "inspect/views/scene.h"

namespace hyena::inspect {
namespace {

using backbone::OptionError;

constexpr double kDecades = 3;

struct Parameters {
  std::int64_t layer = 0, channel = 0, token = -1, block = 0;
  std::string mode = "abs";
  bool skip = false, short_filter = false;

  template <class Visitor>
  void visit(Visitor& v) {
    v.field("layer", layer, {.help = "block, from 0", .min = 0});
    v.field("channel", channel,
            {.help = "channel, or head of attention; -1: the mean of |H| over all", .min = -1});
    v.field("mode", mode,
            {.help = "what a cell shows; log10 reaches three decades down",
             .choices = {"abs", "signed", "log10", "row"}});
    v.field("skip", skip, {.help = "with the skip term, which often swamps the rest"});
    v.field("short_filter", short_filter, {.help = "to the tokens before the short filter"});
    v.field("token", token, {.help = "row that is pointed out; -1: none", .min = -1});
    v.field("block", block,
            {.help = "cells of this many tokens, each the maximum of |H|; 0: one a token up to "
                     "2048 tokens",
             .min = 0});
  }
};

/// What is drawn of H: (n, n) and its colours.
std::pair<at::Tensor, ColorRule> shown(const at::Tensor& h, const std::string& mode) {
  if (mode == "signed") {
    return {h, {.quantity = Quantity::signed_value, .title = "H", .limits = {.symmetric = true}}};
  }
  if (mode == "row") {
    return {row_normalised(h), {.quantity = Quantity::matrix, .title = "|H| / row sum"}};
  }
  const auto size = h.abs();
  if (mode == "abs") return {size, {.quantity = Quantity::matrix, .title = "|H|"}};
  const double top = std::max(size.max().item<double>(), 1e-30);
  const double high = std::log10(top);
  return {size.clamp_min(top * 1e-30).log10().clamp_min(high - kDecades),
          {.quantity = Quantity::matrix,
           .title = "log₁₀ |H|",
           .limits = {.policy = "fixed", .low = high - kDecades, .high = high}}};
}

std::string caption(const Parameters& p, const FrozenMixer& mixer, std::int64_t block) {
  if (mixer.attention.defined()) {
    return "Row: destination, column: source; the attention's own weights";
  }
  std::string text =
      "Row: destination t, column: source s; y[t] = Σ H[t, s] v[s] with the gates of this input";
  text += p.skip ? "; with the skip term" : "; the skip term, on the diagonal, is not shown";
  if (p.short_filter) text += "; to the tokens before the short filter";
  if (mixer.filters.normalised) text += "; v is the normalised product of input gate and value";
  if (block > 1)
    text += "; each cell is the largest |H| of " + std::to_string(block) + " × " +
            std::to_string(block);
  if (mixer.causal) text += "; the future is hatched";
  return text;
}

Figure compute(const ViewContext& context, const Parameters& p, const Progress& progress) {
  const at::NoGradGuard no_grad;
  const Scene scene(context);
  const auto mixer = freeze(scene.subject, scene.input(), p.layer, progress);
  const bool heads = mixer.attention.defined();
  const MatrixOptions options{.skip = p.skip && !heads, .short_filter = p.short_filter && !heads};
  std::int64_t block = p.block;
  if (block == 0) block = (mixer.tokens + kLongestMatrix - 1) / kLongestMatrix;
  if (p.mode == "signed" && (p.channel < 0 || block > 1)) {
    throw OptionError(
        "a mean of |H| and maxima of |H| have no sign; choose mode abs, log10 or row");
  }
  at::Tensor h;
  if (p.channel < 0) {
    if (block > 1)
      throw OptionError(
          "the mean over channels is not made of blocks; choose a channel, or a shorter input");
    h = mean_absolute(mixer, options, progress);
  } else {
    check_index(heads ? "head" : "channel", p.channel, mixer.matrices());
    h = block > 1 ? block_maxima(mixer, p.channel, block, options, progress)
                  : matrix(mixer, p.channel, options);
  }
  const std::int64_t n = h.size(0);
  const auto [cells, color] = shown(h, p.mode);
  const auto grid = scene.grid(p.layer);
  HeatMap map;
  map.cells = array_of(color.title, {"destination", "source"}, cells);
  if (mixer.causal) {
    map.mask = array_of("future", {"destination", "source"}, at::ones({n, n}).triu(1));
  }
  // Cell i of a block map covers tokens i·block … (i + 1)·block − 1.
  map.x_first = map.y_first = static_cast<double>(block - 1) / 2;
  map.x_step = map.y_step = static_cast<double>(block);
  map.color = color;
  map.square = true;
  Panel panel;
  if (p.token >= 0) {
    const auto row = scene.token(p.token, grid);
    map.marks = {{.row = row / block}};
    panel.subtitle = "row of " + scene.token_title(row, grid) + " marked";
  }
  panel.title = p.channel < 0
                    ? "Mean of |H| over channels"
                    : (heads ? "Attention of head " : "H of channel ") + std::to_string(p.channel);
  const std::string place = scene.vision() ? "patch" : "token";
  const auto labels = block == 1 ? scene.axis_labels(n) : std::vector<std::string>{};
  panel.x = {.title = "source " + place + " s", .labels = labels};
  panel.y = {.title = "destination " + place + " t", .labels = labels};
  panel.content = std::move(map);

  Figure figure;
  figure.title = heads ? "Attention matrix" : "Hyena matrix";
  figure.subtitle = scene.layer_text(p.layer) + " · " +
                    (p.channel < 0 ? "all channels"
                                   : (heads ? "head " : "channel ") + std::to_string(p.channel)) +
                    " · " + std::to_string(mixer.tokens) + " " + scene.unit();
  figure.caption = caption(p, mixer, block);
  figure.panels = {std::move(panel)};
  figure.arrays = {array_of("H", {"destination", "source"}, h)};
  figure.provenance.taps = freeze_taps(scene.subject, p.layer);
  return figure;
}

Selection pick(const Figure& figure, std::size_t, double, double y) {
  const auto& map = std::get<HeatMap>(figure.panels[0].content);
  const double end = static_cast<double>(map.cells.shape()[0]) * map.y_step;
  return {.token = y > -0.5 && y < end - 0.5 ? std::llround(y) : -1};
}

}  // namespace

View matrix_view() {
  return define_view<Parameters>(
      {.id = "matrix",
       .title = "Hyena matrix",
       .group = "matrix",
       .summary = "From which tokens does each token take, in one channel?",
       .needs = {.input = true},
       .pick = pick},
      compute);
}

}  // namespace hyena::inspect
