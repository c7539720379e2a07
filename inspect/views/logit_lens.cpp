#include <algorithm>
#include <cmath>

#include <ATen/ATen.h>

#include "inspect/figure/figure_text.h"
#include "inspect/probe/tokens.h"
#include "inspect/views/define_view.h"
#include "inspect/views/kinds.h"
#include "inspect/views/scene.h"

namespace hyena::inspect {
namespace {

struct Parameters {
  std::string color = "probability";
  std::int64_t first = -1, count = 24;

  template <class Visitor>
  void visit(Visitor& v) {
    v.field(
        "color", color,
        {.help = "probability: of the likeliest; actual: of the token that follows; entropy: in "
                 "nats",
         .choices = {"probability", "actual", "entropy"}});
    v.field("first", first,
            {.help = "first token that is shown; -1: so that the last is", .min = -1});
    v.field("count", count, {.help = "tokens that are shown", .min = 1, .max = 512});
  }
};

Figure compute(const ViewContext& context, const Parameters& p, const Progress& progress) {
  const Scene scene(context);
  const auto lens = logit_lens(scene.subject, scene.input(), progress);
  const std::int64_t length = lens.token.size(1), rows = lens.token.size(0);
  const auto count = std::min(p.count, length);
  if (p.first >= 0) check_index("token", p.first, length);
  const auto first = p.first < 0 ? length - count : p.first;
  const auto end = std::min(first + count, length);
  const auto& all = p.color == "actual"    ? lens.actual
                    : p.color == "entropy" ? lens.entropy
                                           : lens.probability;
  HeatMap map;
  map.cells = array_of(p.color, {"layer", "token"}, all.slice(1, first, end));
  map.x_first = static_cast<double>(first);
  if (p.color == "entropy") {
    map.color = {.quantity = Quantity::loss,
                 .title = "entropy (nats)",
                 .limits = {.policy = "fixed", .low = 0, .high = 8}};
  } else {
    map.color = {.title = "probability", .limits = {.policy = "fixed", .low = 0, .high = 1}};
  }
  const auto* tokenizer = scene.subject.tokenizer.tokenizer.get();
  Panel panel;
  for (std::int64_t i = 0; i < rows; ++i) {
    panel.y.labels.push_back(i == 0 ? "embedding" : "block " + std::to_string(i - 1));
    for (auto t = first; t < end; ++t) {
      const auto id = lens.token[i][t].item<std::int64_t>();
      map.texts.push_back(
          tokenizer == nullptr
              ? std::to_string(id)
              : visible_piece(std::string(tokenizer->bytes(static_cast<datasets::TokenId>(id)))));
    }
  }
  panel.title = "Likeliest next token behind each block";
  panel.x = {.title = "token"};
  // Labels name cells 0, 1, …, so they begin where the cells do.
  const auto& pieces = scene.stimulus.pieces();
  for (auto t = first; t < end && std::ssize(pieces) == length; ++t) {
    panel.x.labels.push_back(pieces[static_cast<std::size_t>(t)]);
  }
  panel.content = std::move(map);
  Figure figure;
  figure.title = "Logit lens";
  figure.subtitle = "tokens " + std::to_string(first) + " – " + std::to_string(end - 1) + " of " +
                    std::to_string(length);
  figure.caption =
      "The final norm and head on the stream behind each block; text: the likeliest next token; "
      "the last row is the model's own output";
  figure.panels = {std::move(panel)};
  const std::vector<std::string> dims = {"layer", "token"};
  figure.arrays = {array_of(p.color, dims, all), array_of("token", dims, lens.token)};
  return figure;
}

Selection pick(const Figure& figure, std::size_t panel, double x, double y) {
  const auto& map = std::get<HeatMap>(figure.panels[panel].content);
  const auto column = std::llround(x - map.x_first), row = std::llround(y);
  const auto& shape = map.cells.shape();
  Selection out;
  if (column >= 0 && column < shape[1]) out.token = std::llround(x);
  if (row > 0 && row < shape[0]) out.layer = row - 1;
  return out;
}

}  // namespace

View logit_lens_view() {
  return define_view<Parameters>({.id = "logit_lens",
                                  .title = "Logit lens",
                                  .group = "text",
                                  .summary = "At which block does the next token appear?",
                                  .needs = {.vision = false, .input = true},
                                  .pick = pick},
                                 compute);
}

}  // namespace hyena::inspect
