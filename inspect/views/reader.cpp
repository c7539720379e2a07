#include <algorithm>
#include <cmath>
#include <numbers>

#include <ATen/ATen.h>

#include "inspect/figure/figure_text.h"
#include "inspect/figure/ticks.h"
#include "inspect/probe/tokens.h"
#include "inspect/views/define_view.h"
#include "inspect/views/kinds.h"
#include "inspect/views/scene.h"

namespace hyena::inspect {
namespace {

struct Parameters {
  std::string color = "loss";
  std::int64_t token = -1, top = 10;

  template <class Visitor>
  void visit(Visitor& v) {
    v.field("color", color,
            {.help = "of a token: loss and entropy in nats; rank 0 was the likeliest",
             .choices = {"loss", "entropy", "rank"}});
    v.field("token", token,
            {.help = "whose alternatives are listed; the text's length: what comes next; -1: the "
                     "token of the highest loss",
             .min = -1});
    v.field("top", top, {.help = "alternatives that are listed", .min = 1, .max = 100});
  }
};

std::string piece(const OpenedSubject& subject, std::int64_t id) {
  const auto* tokenizer = subject.tokenizer.tokenizer.get();
  if (tokenizer == nullptr) return "id " + std::to_string(id);
  return "“" + visible_piece(std::string(tokenizer->bytes(static_cast<datasets::TokenId>(id)))) +
         "”";
}

/// −log₂ p of the tokens behind the first, over their bytes; NaN without bytes.
double bits_per_byte(const Scene& scene, const TokenReading& reading) {
  const auto& pieces = scene.stimulus.pieces();
  std::size_t bytes = 0;
  for (std::size_t i = 1; i < pieces.size(); ++i) bytes += pieces[i].size();
  const double nats = reading.loss.slice(0, 1).sum().item<double>();
  return nats / std::numbers::ln2 / static_cast<double>(bytes);
}

/// What was expected in place of token `at`, likeliest first, and the token itself.
Panel alternatives(const Scene& scene, const TokenReading& reading, std::int64_t at) {
  const std::int64_t length = reading.loss.size(0);
  const auto ids = reading.top[at - 1], p = reading.top_probability[at - 1];
  const std::int64_t own = at < length ? scene.input()[0][at].item<std::int64_t>() : -1;
  Table table;
  table.columns = {{.title = "rank"},
                   {.title = "token", .numeric = false},
                   {.title = "id"},
                   {.title = "probability", .unit = "%"},
                   {.title = "loss", .unit = "nats"},
                   {.title = "", .numeric = false}};
  const auto add = [&](std::int64_t rank, std::int64_t id, double probability) {
    table.rows.push_back({std::to_string(rank), piece(scene.subject, id), std::to_string(id),
                          decimal_text(100 * probability, 2),
                          decimal_text(-std::log(probability), 3), id == own ? "in the text" : ""});
  };
  bool there = own < 0;
  for (std::int64_t k = 0; k < ids.size(0); ++k) {
    const auto id = ids[k].item<std::int64_t>();
    add(k, id, p[k].item<double>());
    there = there || id == own;
  }
  if (!there) {
    add(reading.rank[at].item<std::int64_t>(), own, std::exp(-reading.loss[at].item<double>()));
  }
  Panel panel;
  const auto grid = backbone::TokenGrid{.height = 1, .width = length};
  panel.title = at < length ? "Expected in place of token " + scene.token_text(at, grid)
                            : "Expected behind the text";
  panel.content = std::move(table);
  return panel;
}

Figure compute(const ViewContext& context, const Parameters& p, const Progress& progress) {
  const Scene scene(context);
  const auto reading = read_tokens(scene.subject, scene.input(), p.top, progress);
  const std::int64_t length = reading.loss.size(0);
  if (p.token > length) check_index("token", p.token, length + 1);
  std::int64_t at = p.token;
  if (at < 0) at = length > 1 ? 1 + reading.loss.slice(0, 1).argmax().item<std::int64_t>() : 1;

  ColorRule color;
  auto values = reading.loss;
  if (p.color == "rank") {
    values = at::where(reading.rank < 0, std::nan(""), reading.rank.to(at::kDouble));
    color = {.title = "rank", .limits = {.policy = "fixed", .low = 0, .high = 20}};
  } else {
    if (p.color == "entropy") values = reading.entropy;
    // Fixed, so that texts compare.
    color = {.quantity = Quantity::loss,
             .title = p.color + " (nats)",
             .limits = {.policy = "fixed", .low = 0, .high = 8}};
  }
  Figure figure;
  figure.title = "Token reader";
  figure.subtitle = std::to_string(length) + " tokens";
  if (length > 1) {
    figure.subtitle += " · mean loss " + decimal_text(reading.mean_loss, 3) +
                       " nats · perplexity " + number_text(reading.perplexity, 4);
    const double bits = bits_per_byte(scene, reading);
    if (std::isfinite(bits)) figure.subtitle += " · " + decimal_text(bits, 3) + " bits per byte";
  } else {
    figure.notes.push_back("one token has no loss: nothing comes before it");
  }
  figure.caption = p.color == "rank" ? "How many tokens were likelier than the one that is there"
                                     : "Nats, before temperature and other settings of sampling";
  figure.caption += "; the first token has no number";
  const auto grid = backbone::TokenGrid{.height = 1, .width = length};
  const std::vector<std::int64_t> marks =
      at > 0 && at < length ? std::vector{at} : std::vector<std::int64_t>{};
  figure.panels = {scene.on_input(values, grid, color, "Text by " + p.color, marks)};
  if (at > 0) {
    figure.panels.push_back(alternatives(scene, reading, at));
  } else {
    figure.notes.push_back("nothing is expected in place of the first token");
  }
  figure.arrays = {array_of(p.color, {"token"}, values), array_of("loss", {"token"}, reading.loss),
                   array_of("entropy", {"token"}, reading.entropy),
                   array_of("rank", {"token"}, reading.rank)};
  return figure;
}

Selection pick(const Figure& figure, std::size_t panel, double x, double y) {
  return {.token = panel == 0 ? token_at(figure.panels[0], x, y) : -1};
}

}  // namespace

View reader_view() {
  return define_view<Parameters>(
      {.id = "reader",
       .title = "Token reader",
       .group = "text",
       .summary = "Which tokens surprise the model, and what did it expect instead?",
       .needs = {.vision = false, .input = true},
       .pick = pick},
      compute);
}

}  // namespace hyena::inspect
