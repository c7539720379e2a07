#include <algorithm>
#include <limits>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "inspect/probe/hyena_matrix.h"
#include "inspect/views/define_view.h"
#include "inspect/views/kinds.h"
#include "inspect/views/scene.h"

namespace hyena::inspect {
namespace {

using backbone::OptionError;

struct Parameters {
  std::int64_t layer = 0, channel = -1, token = -1, top = 10;
  std::string direction = "row", aggregate = "mean";
  bool skip = false, short_filter = false;

  template <class Visitor>
  void visit(Visitor& v) {
    v.field("layer", layer, {.help = "block, from 0", .min = 0});
    v.field("token", token,
            {.help = "whose row; -1: the last token, or the patch in the middle", .min = -1});
    v.field("direction", direction,
            {.help = "row: where it takes from; column: where it goes to",
             .choices = {"row", "column"}});
    v.field("channel", channel, {.help = "channel or head; -1: an aggregate of all", .min = -1});
    v.field("aggregate", aggregate,
            {.help = "mean: of |H|; contribution: norm of what is added to the residual stream",
             .choices = {"mean", "contribution"}});
    v.field("skip", skip, {.help = "with the skip term, which often swamps the rest"});
    v.field("short_filter", short_filter, {.help = "to the tokens before the short filter"});
    v.field("top", top, {.help = "strongest ones that are listed", .min = 1, .max = 100});
  }
};

at::Tensor values(const FrozenMixer& mixer, const Parameters& p, std::int64_t token) {
  const bool heads = mixer.attention.defined(), row = p.direction == "row";
  const MatrixOptions options{.skip = p.skip && !heads, .short_filter = p.short_filter && !heads};
  if (p.channel < 0 && p.aggregate == "contribution") {
    const auto& w_out = mixer.filters.out_weight;
    if (!w_out.defined()) {
      throw OptionError("attention is not split into contributions here; choose aggregate mean");
    }
    return row ? contribution_row(mixer, token, w_out, options)
               : contribution_column(mixer, token, w_out, options);
  }
  const auto all = row ? matrix_rows(mixer, token, options) : matrix_columns(mixer, token, options);
  if (p.channel < 0) return all.abs().mean(0);
  check_index(heads ? "head" : "channel", p.channel, mixer.matrices());
  return all[p.channel];
}

Figure compute(const ViewContext& context, const Parameters& p, const Progress& progress) {
  const at::NoGradGuard no_grad;
  const Scene scene(context);
  const auto mixer = freeze(scene.subject, scene.input(), p.layer, progress);
  const auto grid = scene.grid(p.layer);
  const auto token = scene.token(p.token, grid);
  const bool row = p.direction == "row", one = p.channel >= 0;
  auto h = values(mixer, p, token).to(at::kCPU, at::kDouble).clone();
  const auto size = h.abs();
  if (mixer.causal) {
    // What cannot be is no small number.
    auto unseen = row ? h.slice(0, token + 1) : h.slice(0, 0, token);
    unseen.fill_(std::numeric_limits<double>::quiet_NaN());
  }
  const std::int64_t reached = !mixer.causal ? mixer.tokens
                               : row         ? token + 1
                                             : mixer.tokens - token;
  const auto order = size.argsort(/*stable=*/true, 0, /*descending=*/true);
  const auto count = std::min(p.top, reached);
  ColorRule color;
  const std::string what = one ? "H" : p.aggregate == "contribution" ? "contribution" : "mean |H|";
  color.title = what;
  if (one && !mixer.attention.defined()) {
    color.quantity = Quantity::signed_value;
    color.limits.symmetric = true;
  }
  std::vector<std::int64_t> marks = {token};
  Bars bars;
  bars.first_name = what;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto at = order[i].item<std::int64_t>();
    if (i < 3) marks.push_back(at);
    bars.bars.push_back(
        {.name = scene.token_text(at, grid), .value = h[at].item<double>(), .focus = at == token});
  }
  Panel strongest;
  strongest.title = row ? "Strongest sources" : "Strongest destinations";
  strongest.subtitle = percent(size.index_select(0, order.slice(0, 0, count)).sum().item<double>() /
                               std::max(size.sum().item<double>(), 1e-300)) +
                       " of the sum of sizes";
  strongest.x = {.title = what};
  strongest.content = std::move(bars);

  Figure figure;
  figure.title = row ? "Where it takes from" : "Where it goes to";
  figure.subtitle =
      scene.token_title(token, grid) + " · " + scene.layer_text(p.layer) + " · " +
      (one ? (mixer.attention.defined() ? "head " : "channel ") + std::to_string(p.channel) : what);
  figure.caption = mixer.attention.defined() ? "The attention's own weights"
                   : p.skip                  ? "With the skip term"
                            : "Without the skip term, which adds to the token itself";
  if (one && scene.vision() && mixer.over_map()) {
    figure.caption += "; a convolution: the kernel turned by 180 degrees, times the gates";
  }
  figure.panels = {scene.on_input(h, grid, color, row ? "Sources" : "Destinations", marks),
                   std::move(strongest)};
  figure.panels[0].subtitle = scene.token_title(token, grid) + " and the three strongest marked";
  figure.columns = scene.vision() ? 2 : 1;
  if (grid.prefix > 0) figure.notes = {"prefix tokens have no place on the picture"};
  figure.arrays = {array_of(what, {row ? "source" : "destination"}, h)};
  figure.provenance.taps = freeze_taps(scene.subject, p.layer);
  return figure;
}

Selection pick(const Figure& figure, std::size_t panel, double x, double y) {
  if (panel != 0) return {};
  const auto* picture = std::get_if<Picture>(&figure.panels[0].content);
  const auto prefix = picture ? figure.arrays[0].size() - picture->overlay.cells.size() : 0;
  return {.token = token_at(figure.panels[0], x, y, prefix)};
}

}  // namespace

View row_view() {
  return define_view<Parameters>(
      {.id = "row",
       .title = "Row explorer",
       .group = "matrix",
       .summary = "Which tokens or patches does one token take from, and where does it go to?",
       .needs = {.input = true},
       .pick = pick},
      compute);
}

}  // namespace hyena::inspect
