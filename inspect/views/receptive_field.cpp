#include "inspect/probe/receptive_field.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include <ATen/ATen.h>

#include "inspect/figure/ticks.h"
#include "inspect/views/define_view.h"
#include "inspect/views/kinds.h"
#include "inspect/views/scene.h"

namespace hyena::inspect {
namespace {

using backbone::OptionError;
namespace fs = std::filesystem;

struct Parameters {
  std::string folder = {}, scale = "log10";
  std::int64_t pictures = 50, positions = 32;

  template <class Visitor>
  void visit(Visitor& v) {
    v.field("folder", folder,
            {.help = "of pictures to average over, beside the input; empty: none"});
    v.field("pictures", pictures, {.help = "at most this many of them", .min = 1});
    v.field("scale", scale,
            {.help = "log10: log10(1 + score) / max; power: score^0.2 / max; raw",
             .choices = {"log10", "power", "raw"}});
    v.field("positions", positions, {.help = "of a text, spread evenly", .min = 1});
  }
};

/// The input, then the folder's pictures by name.
std::vector<std::string> files_of(const Parameters& p) {
  std::vector<std::string> out;
  if (p.folder.empty()) return out;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(p.folder, error)) {
    auto suffix = entry.path().extension().string();
    std::ranges::transform(suffix, suffix.begin(), [](unsigned char c) { return std::tolower(c); });
    const bool picture = suffix == ".png" || suffix == ".jpg" || suffix == ".jpeg" ||
                         suffix == ".ppm" || suffix == ".bmp";
    if (picture && entry.is_regular_file()) out.push_back(entry.path().string());
  }
  if (error || out.empty()) {
    throw OptionError("there are no pictures in the folder " + p.folder +
                      "; name one that has PNG or JPEG files");
  }
  std::ranges::sort(out);
  out.resize(std::min(out.size(), static_cast<std::size_t>(p.pictures)));
  return out;
}

at::Tensor scaled(const at::Tensor& score, const std::string& scale) {
  if (scale == "raw") return score;
  const auto out = scale == "power" ? score.pow(0.2) : (1 + score).log10();
  return out / out.max().clamp_min(1e-300);
}

Table squares(const at::Tensor& score) {
  Table table;
  table.columns = {{.title = "share", .unit = "%"},
                   {.title = "side", .unit = "pixels"},
                   {.title = "area", .unit = "%"},
                   {.title = "log side", .unit = "pixels"},
                   {.title = "log area", .unit = "%"}};
  const auto raw = centred_squares(score), log = centred_squares((1 + score).log10());
  for (std::size_t i = 0; i < raw.size(); ++i) {
    table.rows.push_back({decimal_text(100 * raw[i].share, 0), std::to_string(raw[i].side),
                          decimal_text(100 * raw[i].area, 1), std::to_string(log[i].side),
                          decimal_text(100 * log[i].area, 1)});
  }
  return table;
}

Figure of_pictures(const Scene& scene, const Parameters& p, const Progress& progress) {
  const auto files = files_of(p);
  const auto found = receptive_field(
      scene.subject,
      [&](std::int64_t i) {
        if (i == 0) return scene.input();
        const auto& file = files[static_cast<std::size_t>(i - 1)];
        return opened(*open_picture(scene.subject, file)).input;
      },
      1 + std::ssize(files), progress);
  const auto score = found.score.to(at::kCPU, at::kDouble);
  HeatMap map;
  map.cells = array_of(p.scale, {"row", "column"}, scaled(score, p.scale));
  map.color = {.quantity = Quantity::matrix,
               .title = p.scale == "raw"     ? "score"
                        : p.scale == "power" ? "score⁰·² / max"
                                             : "log₁₀(1 + score) / max",
               .limits = {.policy = "data"}};
  map.square = true;
  Panel field;
  field.title = "Effective receptive field";
  field.subtitle = "of the feature vector in the middle";
  field.x = {.title = "column", .unit = "pixels"};
  field.y = {.title = "row", .unit = "pixels"};
  field.content = std::move(map);
  Panel table;
  table.title = "Smallest centred squares";
  table.subtitle = "log: of log₁₀(1 + score)";
  table.content = squares(score);

  Figure figure;
  figure.title = "Receptive field";
  figure.subtitle =
      std::to_string(found.pictures) + (found.pictures == 1 ? " picture" : " pictures");
  figure.caption =
      "ReLU of the gradient of the summed feature vector in the middle with respect to the "
      "pixels, summed over colours, mean over pictures";
  if (found.pictures < 50)
    figure.notes.push_back("means over 50 or more pictures are usual; name a folder");
  if (found.skipped > 0)
    figure.notes.push_back(std::to_string(found.skipped) + " pictures with NaN left out");
  figure.panels = {std::move(field), std::move(table)};
  figure.columns = 2;
  figure.arrays = {array_of("score", {"row", "column"}, score)};
  return figure;
}

Figure of_text(const Scene& scene, const Parameters& p, const Progress& progress) {
  for (const auto& layer : scene.subject.facts().layers) {
    if (!layer.causal) throw OptionError("this model is not causal, so a lag has no direction");
  }
  const std::int64_t tokens = scene.input().size(1), scored = tokens - 1;
  if (scored < 2) throw OptionError("the text is too short; at least 3 tokens are needed");
  const auto count = std::min(p.positions, scored);
  std::vector<std::int64_t> positions;
  // The last of them sees furthest.
  for (std::int64_t i = 1; i <= count; ++i) positions.push_back(i * scored / count - 1);
  const auto found =
      lag_sensitivity(scene.subject, scene.input(), positions, progress).to(at::kCPU, at::kDouble);
  const auto lags = at::arange(found.size(0), at::kDouble);
  Lines lines;
  lines.legend = false;
  // Lag 0 has no place on a logarithmic axis; it is in the numbers.
  lines.curves = {
      curve_of("mean over positions", lags.slice(0, 1), found.slice(0, 1), Stroke::focus)};
  Panel panel;
  panel.title = "Sensitivity to the past";
  panel.subtitle = "lag 0: " + number_text(found[0].item<double>(), 3);
  panel.x = {.title = "lag τ", .unit = "tokens", .scale = Scale::log};
  panel.y = {.title = "|d loss[t] / d embedding[t − τ]|", .scale = Scale::log};
  panel.content = std::move(lines);
  Figure figure;
  figure.title = "Receptive field";
  figure.subtitle = std::to_string(count) + " positions of " + std::to_string(tokens) + " tokens";
  figure.caption =
      "Mean over positions t of the norm of the gradient of the loss at t with respect to the "
      "embedding τ tokens before; long lags have fewer positions";
  figure.panels = {std::move(panel)};
  figure.arrays = {array_of("sensitivity", {"lag"}, found)};
  return figure;
}

Figure compute(const ViewContext& context, const Parameters& p, const Progress& progress) {
  const Scene scene(context);
  return scene.vision() ? of_pictures(scene, p, progress) : of_text(scene, p, progress);
}

}  // namespace

View receptive_field_view() {
  return define_view<Parameters>({.id = "receptive_field",
                                  .title = "Receptive field",
                                  .group = "evidence",
                                  .summary = "How far does the model really look?",
                                  .needs = {.input = true}},
                                 compute);
}

}  // namespace hyena::inspect
