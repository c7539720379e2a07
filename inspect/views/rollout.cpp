#include <cmath>
#include <limits>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "inspect/probe/hyena_matrix.h"
#include "inspect/views/define_view.h"
#include "inspect/views/kinds.h"
#include "inspect/views/scene.h"

namespace hyena::inspect {
namespace {

struct Parameters {
  std::int64_t layer = -1, token = -1;
  bool skip = false;

  template <class Visitor>
  void visit(Visitor& v) {
    v.field("layer", layer, {.help = "up to this block; -1: the last", .min = -1});
    v.field("token", token,
            {.help = "whose row; -1: the last token, or the patch in the middle", .min = -1});
    v.field("skip", skip, {.help = "with the skip terms"});
  }
};

Figure compute(const ViewContext& context, const Parameters& p, const Progress& progress) {
  const at::NoGradGuard no_grad;
  const Scene scene(context);
  const auto layers = std::ssize(scene.subject.layers());
  if (p.layer >= 0) check_index("layer", p.layer, layers);
  const std::int64_t last = p.layer < 0 ? layers - 1 : p.layer;
  Figure figure;
  auto& taps = figure.provenance.taps;
  for (std::int64_t i = 0; i <= last; ++i) {
    const auto more = freeze_taps(scene.subject, i);
    taps.insert(taps.end(), more.begin(), more.end());
  }
  const auto seen = capture(scene.subject, scene.input(), taps, progress);
  std::vector<at::Tensor> maps;
  bool causal = true;
  for (std::int64_t i = 0; i <= last; ++i) {
    report(progress, "layer", i, last + 1);
    const auto mixer = freeze(scene.subject, seen, i);
    causal = causal && mixer.causal;
    const bool heads = mixer.attention.defined();
    maps.push_back(mean_absolute(mixer, {.skip = p.skip && !heads}, progress));
    if (maps.back().size(0) != maps[0].size(0)) {
      throw backbone::OptionError(
          "the number of tokens changes at layer " + std::to_string(i) +
          ", so the layers' matrices cannot be multiplied; choose a layer below " +
          std::to_string(i));
    }
  }
  report(progress, "layer", last + 1, last + 1);
  const auto rolled = rollout(maps);
  const auto grid = scene.grid(last);
  const auto token = scene.token(p.token, grid);
  auto row = rolled[token].to(at::kCPU, at::kDouble).clone();
  if (causal) row.slice(0, token + 1).fill_(std::numeric_limits<double>::quiet_NaN());

  figure.title = "Rollout";
  figure.subtitle = "layers 0 – " + std::to_string(last) + " · " + scene.token_title(token, grid);
  figure.caption =
      "Product over layers of the row-normalised mean of |H| plus the identity, row-normalised; a "
      "rough guide: signs, MLPs and norms are left out";
  if (!p.skip) figure.caption += "; without skip terms";
  figure.panels = {scene.on_input(row, grid, {.title = "share"},
                                  "What " + scene.token_title(token, grid) + " is made of",
                                  {token})};
  HeatMap map;
  map.cells = array_of("rollout", {"destination", "source"}, rolled);
  if (causal) {
    map.mask = array_of("future", {"destination", "source"}, at::ones_like(rolled).triu(1));
  }
  map.color = {.quantity = Quantity::matrix, .title = "share"};
  map.marks = {{.row = token}};
  map.square = true;
  const std::string place = scene.vision() ? "patch" : "token";
  Panel whole;
  whole.title = "All tokens";
  whole.x = {.title = "source " + place, .labels = scene.axis_labels(rolled.size(0))};
  whole.y = {.title = "destination " + place, .labels = whole.x.labels};
  whole.content = std::move(map);
  figure.panels.push_back(std::move(whole));
  figure.columns = scene.vision() ? 2 : 1;
  figure.arrays = {array_of("rollout", {"destination", "source"}, rolled)};
  return figure;
}

Selection pick(const Figure& figure, std::size_t panel, double x, double y) {
  const std::int64_t tokens = figure.arrays[0].shape()[0];
  if (panel == 1) {
    return {.token = y > -0.5 && y < static_cast<double>(tokens) - 0.5 ? std::llround(y) : -1};
  }
  const auto* picture = std::get_if<Picture>(&figure.panels[0].content);
  return {.token = token_at(figure.panels[0], x, y,
                            picture ? tokens - picture->overlay.cells.size() : 0)};
}

}  // namespace

View rollout_view() {
  return define_view<Parameters>(
      {.id = "rollout",
       .title = "Rollout",
       .group = "matrix",
       .summary = "What does a token of the last layer consist of, over all layers together?",
       .needs = {.input = true},
       .pick = pick},
      compute);
}

}  // namespace hyena::inspect
