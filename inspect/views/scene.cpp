#include "inspect/views/scene.h"

#include <cmath>
#include <cstdio>

#include <ATen/ATen.h>

#include "inspect/figure/figure_text.h"
#include "inspect/probe/block_evidence.h"

namespace hyena::inspect {
namespace {

using backbone::OptionError;

constexpr std::int64_t kLabelled = 48;  // tokens that still find room as labels of an axis

OpenedSubject& model_of(const ViewContext& context) {
  if (context.model == nullptr) throw OptionError("this view needs a model");
  return opened(*context.model);
}

const OpenedStimulus& input_of(const ViewContext& context) {
  if (context.input == nullptr) throw OptionError("this view needs a picture or a text");
  return opened(*context.input);
}

}  // namespace

Curve curve_of(const std::string& name, const at::Tensor& x, const at::Tensor& y, Stroke stroke) {
  return {
      .name = name, .x = array_of("x", {"i"}, x), .y = array_of(name, {"i"}, y), .stroke = stroke};
}

void check_index(const char* what, std::int64_t index, std::int64_t size) {
  if (index >= 0 && index < size) return;
  throw OptionError("there is no " + std::string(what) + " " + std::to_string(index) +
                    "; they go from 0 to " + std::to_string(size - 1));
}

std::string percent(double share) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f %%", 100 * share);
  return text;
}

Scene::Scene(const ViewContext& context)
    : subject(model_of(context)), stimulus(input_of(context)) {}

backbone::TokenGrid Scene::grid(std::int64_t layer) const {
  const auto& grid = subject.layer(layer).grid;
  return vision() ? grid : backbone::TokenGrid{.height = 1, .width = input().size(1)};
}

std::string Scene::layer_text(std::int64_t layer) const {
  const auto& facts = subject.facts().layers.at(static_cast<std::size_t>(layer));
  return "layer " + std::to_string(layer) + " of " + std::to_string(subject.facts().layers.size()) +
         " (" + facts.mixer + ")";
}

std::string Scene::token_text(std::int64_t token, const backbone::TokenGrid& grid) const {
  if (!vision()) {
    const auto& pieces = stimulus.pieces();
    const auto at = static_cast<std::size_t>(token);
    return std::to_string(token) +
           (at < pieces.size() ? " “" + visible_piece(pieces[at]) + "”" : "");
  }
  if (token < grid.prefix) return "prefix token " + std::to_string(token);
  const std::int64_t patch = token - grid.prefix;
  return "patch (" + std::to_string(patch / grid.width) + ", " +
         std::to_string(patch % grid.width) + ")";
}

std::vector<std::string> Scene::axis_labels(std::int64_t tokens) const {
  const auto& pieces = stimulus.pieces();
  if (tokens > kLabelled || std::ssize(pieces) != tokens) return {};
  return pieces;
}

std::int64_t Scene::token(std::int64_t wanted, const backbone::TokenGrid& grid) const {
  const std::int64_t tokens = grid.tokens();
  if (wanted < 0) {
    return vision() ? grid.prefix + grid.height / 2 * grid.width + grid.width / 2 : tokens - 1;
  }
  check_index(vision() ? "patch" : "token", wanted, tokens);
  return wanted;
}

Panel Scene::on_input(const at::Tensor& values, const backbone::TokenGrid& grid,
                      const ColorRule& color, const std::string& title,
                      const std::vector<std::int64_t>& marks) const {
  Panel panel;
  panel.title = title;
  if (!vision()) {
    TokenStrip strip;
    strip.pieces = stimulus.pieces();
    // A test's text may come without pieces.
    if (strip.pieces.empty()) {
      for (std::int64_t i = 0; i < values.size(0); ++i) strip.pieces.push_back(std::to_string(i));
    }
    strip.values = array_of(title, {"token"}, values);
    strip.color = color;
    strip.marks = marks;
    panel.content = std::move(strip);
    return panel;
  }
  Picture picture;
  picture.pixels = stimulus.pixels();
  picture.overlaid = true;
  picture.overlay.cells = array_of(title, {"row", "column"}, as_patches(values, grid));
  picture.overlay.color = color;
  for (std::size_t i = 0; i < marks.size(); ++i) {
    const std::int64_t patch = marks[i] - grid.prefix;
    if (patch < 0) continue;
    picture.marks.push_back({.row = patch / grid.width,
                             .column = patch % grid.width,
                             .label = i == 0 ? "" : std::to_string(i)});
  }
  panel.content = std::move(picture);
  return panel;
}

std::int64_t token_at(const Panel& panel, double x, double y, std::int64_t prefix) {
  if (const auto* strip = std::get_if<TokenStrip>(&panel.content)) {
    const auto token = std::llround(x);
    return token >= 0 && token < std::ssize(strip->pieces) ? token : -1;
  }
  const auto* picture = std::get_if<Picture>(&panel.content);
  if (picture == nullptr || !picture->overlaid) return -1;
  const auto& shape = picture->overlay.cells.shape();
  const auto row = std::llround(y), column = std::llround(x);
  if (row < 0 || row >= shape[0] || column < 0 || column >= shape[1]) return -1;
  return prefix + row * shape[1] + column;
}

}  // namespace hyena::inspect
