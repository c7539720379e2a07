#include <algorithm>
#include <cmath>

#include <ATen/ATen.h>

#include "inspect/figure/ticks.h"
#include "inspect/probe/block_evidence.h"
#include "inspect/probe/sanity.h"
#include "inspect/views/define_view.h"
#include "inspect/views/kinds.h"
#include "inspect/views/scene.h"

namespace hyena::inspect {
namespace {

constexpr double kShare = 0.98;  // of the sum of sizes that the colours resolve
constexpr std::int64_t kClasses = 5;

struct Parameters {
  std::string method = "matrix", baseline = "mean", limits = "cumulative";
  std::int64_t label = -1, contrast = -1, layer = -1, steps = 50, patch = 16;
  bool deletion = false, randomised = false;
  double alpha = 0.85;

  template <class Visitor>
  void visit(Visitor& v) {
    v.field("method", method,
            {.help = "matrix: sources of one layer's Hyena matrix, exact with its gates frozen",
             .choices = {"matrix", "gradient_times_input", "integrated_gradients", "occlusion",
                         "grad_cam", "hires_cam", "layer_cam"}});
    v.field("label", label, {.help = "class that is explained; -1: the likeliest", .min = -1});
    v.field("contrast", contrast, {.help = "class whose logit is taken away; -1: none", .min = -1});
    v.field("layer", layer, {.help = "block, for matrix and the CAMs; -1: the last", .min = -1});
    v.field("baseline", baseline,
            {.help = "what stands for nothing: integrated_gradients, occlusion, deletion",
             .choices = {"mean", "black", "white", "blur"}});
    v.field("steps", steps, {.help = "gradients of integrated_gradients", .min = 1, .max = 1000});
    v.field("patch", patch,
            {.help = "side of the squares of occlusion", .unit = "pixels", .min = 1});
    v.field("limits", limits,
            {.help = "ends of the colours: 98 % of the sum of sizes, or the data's own",
             .choices = {"cumulative", "data"}});
    v.field(
        "deletion", deletion,
        {.help = "the score as the strongest patches are taken away, beside the weakest first"});
    v.field("randomised", randomised, {.help = "the same map of fresh weights: should differ"});
    v.field("alpha", alpha, {.help = "opacity over the picture", .min = 0, .max = 1});
  }
};

struct Evidence {
  at::Tensor map;
  std::string note = {};
};

Evidence explain(OpenedSubject& subject, const at::Tensor& picture, const ClassTarget& target,
                 const Parameters& p, std::int64_t layer, const Progress& progress) {
  if (p.method == "gradient_times_input") {
    return {gradient_times_input(subject, picture, target, progress)};
  }
  if (p.method == "occlusion") {
    return {occlusion(subject, picture, target, baseline(subject, picture, p.baseline), p.patch,
                      progress)};
  }
  if (p.method == "integrated_gradients") {
    const auto found = integrated_gradients(
        subject, picture, target, baseline(subject, picture, p.baseline), p.steps, progress);
    return {found.map, "completeness error " + percent(found.completeness_error) + " of " +
                           decimal_text(found.score - found.baseline_score, 3)};
  }
  const auto seen = block_evidence(subject, picture, target, layer, progress);
  if (p.method == "grad_cam") return {grad_cam(seen)};
  if (p.method == "hires_cam") return {hires_cam(seen)};
  if (p.method == "layer_cam") return {layer_cam(seen)};
  const auto mixer = freeze(subject, picture, layer, progress);
  const auto sources = matrix_attribution(mixer, seen.gradient);
  Evidence out{as_patches(sources, seen.grid)};
  if (seen.grid.prefix > 0) {
    out.note = "prefix tokens hold " +
               decimal_text(sources.slice(0, 0, seen.grid.prefix).sum().item<double>(), 3);
  }
  return out;
}

std::string class_text(const ModelFacts& facts, std::int64_t label) {
  const auto number = "class " + std::to_string(label);
  const auto at = static_cast<std::size_t>(label);
  // Models without names count their classes, "class 3".
  const bool named = at < facts.classes.size() && facts.classes[at] != number;
  return named ? number + " " + facts.classes[at] : number;
}

Panel over(const Scene& scene, const at::Tensor& map, const Parameters& p,
           const std::string& title) {
  const bool unsigned_map = p.method == "grad_cam" || p.method == "layer_cam";
  const double end =
      p.limits == "data" ? map.abs().max().item<double>() : cumulative_limit(map, kShare);
  Picture picture;
  picture.pixels = scene.stimulus.pixels();
  picture.overlaid = true;
  picture.alpha = p.alpha;
  picture.overlay.cells = array_of(title, {"row", "column"}, map);
  picture.overlay.color.quantity = unsigned_map ? Quantity::loss : Quantity::signed_value;
  if (unsigned_map) picture.overlay.color.map = "magma";
  picture.overlay.color.title = "logit";
  if (end > 0) {
    picture.overlay.color.limits = {
        .policy = "fixed", .symmetric = !unsigned_map, .low = unsigned_map ? 0 : -end, .high = end};
  }
  Panel panel;
  panel.title = title;
  panel.content = std::move(picture);
  return panel;
}

Panel classes(const Scene& scene, const at::Tensor& logits, const ClassTarget& target) {
  const auto p = at::softmax(logits.detach().to(at::kCPU, at::kDouble), 0);
  const auto order = p.argsort(/*stable=*/true, 0, /*descending=*/true);
  Bars bars;
  bars.first_name = "probability";
  const auto add = [&](std::int64_t label) {
    bars.bars.push_back({.name = class_text(scene.subject.facts(), label),
                         .value = p[label].item<double>(),
                         .focus = label == target.label});
  };
  bool there = false;
  for (std::int64_t i = 0; i < std::min(kClasses, p.size(0)); ++i) {
    add(order[i].item<std::int64_t>());
    there = there || bars.bars.back().focus;
  }
  if (!there) add(target.label);
  Panel panel;
  panel.title = "What the model says";
  panel.x = {.title = "probability", .range = Range{0, 1}};
  panel.content = std::move(bars);
  return panel;
}

Panel deletion(const Scene& scene, const ClassTarget& target, const at::Tensor& map,
               const Parameters& p, const Progress& progress) {
  const auto blank = baseline(scene.subject, scene.input(), p.baseline);
  Lines lines;
  std::string areas;
  for (const bool strongest : {true, false}) {
    const auto found = deletion_curve(scene.subject, scene.input(), target, strongest ? map : -map,
                                      blank, 20, progress);
    lines.curves.push_back(curve_of(strongest ? "strongest first" : "weakest first",
                                    at::tensor(found.share), at::tensor(found.score),
                                    strongest ? Stroke::focus : Stroke::bound));
    areas += (strongest ? "area " : ", weakest first ") + decimal_text(found.area, 3);
  }
  Panel panel;
  panel.title = "Deletion";
  panel.subtitle = areas;
  panel.x = {.title = "part of the picture taken away", .range = Range{0, 1}};
  panel.y = {.title = "score", .unit = "logit"};
  panel.content = std::move(lines);
  return panel;
}

Figure compute(const ViewContext& context, const Parameters& p, const Progress& progress) {
  const Scene scene(context);
  const auto& picture = scene.input();
  const auto layers = std::ssize(scene.subject.layers());
  if (p.layer >= 0) check_index("layer", p.layer, layers);
  const std::int64_t layer = p.layer < 0 ? layers - 1 : p.layer;
  const bool of_layer = p.method == "matrix" || p.method.ends_with("cam");
  const auto target = resolve(scene.subject, picture, {.label = p.label, .contrast = p.contrast});
  const auto logits = capture(scene.subject, picture, {}, progress).output;
  const double score = target_score(logits, target).item<double>();
  const auto found = explain(scene.subject, picture, target, p, layer, progress);

  Figure figure;
  figure.title = "Class evidence";
  figure.subtitle = class_text(scene.subject.facts(), target.label);
  if (target.contrast >= 0) {
    figure.subtitle += " against " + class_text(scene.subject.facts(), target.contrast);
  }
  figure.subtitle += " · score " + decimal_text(score, 3);
  figure.caption = p.method;
  std::ranges::replace(figure.caption, '_', ' ');
  if (of_layer) figure.caption += " of " + scene.layer_text(layer);
  if (p.method == "matrix") figure.caption += ": d score / d y · H · v, by source";
  if (p.method == "occlusion" || p.method == "integrated_gradients") {
    figure.caption += "; baseline " + p.baseline;
  }
  if (p.limits == "cumulative")
    figure.caption += "; colours end where 98 % of the sum of sizes lies";
  if (!found.note.empty()) figure.caption += "; " + found.note;
  Panel plain;
  plain.title = "Input";
  plain.content = Picture{.pixels = scene.stimulus.pixels()};
  figure.panels = {std::move(plain), over(scene, found.map, p, "Evidence")};
  figure.panels[1].subtitle = "sum " + decimal_text(found.map.sum().item<double>(), 3);
  figure.columns = 2;
  figure.arrays = {array_of(p.method, {"row", "column"}, found.map)};
  if (p.randomised) {
    const auto fresh = randomised(scene.subject);
    const auto other = explain(*fresh, picture, target, p, layer, progress);
    figure.panels.push_back(over(scene, other.map, p, "Fresh weights"));
    figure.panels.back().subtitle =
        "rank correlation " + decimal_text(rank_correlation(found.map, other.map), 3);
    figure.arrays.push_back(array_of("fresh weights", {"row", "column"}, other.map));
  }
  if (p.deletion) {
    figure.panels.push_back(deletion(scene, target, found.map, p, progress));
  }
  figure.panels.push_back(classes(scene, logits[0], target));
  if (of_layer) {
    figure.provenance.taps = {tap_name(scene.subject.layer(layer), "y")};
    const auto grid = scene.grid(layer);
    figure.arrays.push_back(
        array_of("grid", {"side"}, at::tensor({grid.height, grid.width, grid.prefix})));
  }
  return figure;
}

Selection pick(const Figure& figure, std::size_t panel, double x, double y) {
  const Panel& at = figure.panels[panel];
  if (const auto* bars = std::get_if<Bars>(&at.content)) {
    const auto i = static_cast<std::int64_t>(std::floor(y));
    if (i < 0 || i >= std::ssize(bars->bars)) return {};
    // "class 207 golden retriever"
    return {.label = std::stoll(bars->bars[static_cast<std::size_t>(i)].name.substr(6))};
  }
  // A map of pixels has no tokens.
  const Array& grid = figure.arrays.back();
  if (grid.name() != "grid") return {};
  return {.token = token_at(at, x, y, static_cast<std::int64_t>(grid[2]))};
}

}  // namespace

View evidence_view() {
  return define_view<Parameters>({.id = "evidence",
                                  .title = "Class evidence",
                                  .group = "evidence",
                                  .summary = "Which parts of a picture speak for a class?",
                                  .needs = {.language = false, .input = true},
                                  .pick = pick},
                                 compute);
}

}  // namespace hyena::inspect
