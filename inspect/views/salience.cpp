#include "inspect/probe/salience.h"

#include <algorithm>
#include <cctype>

#include <ATen/ATen.h>

#include "inspect/figure/figure_text.h"
#include "inspect/figure/ticks.h"
#include "inspect/views/define_view.h"
#include "inspect/views/kinds.h"
#include "inspect/views/scene.h"

namespace hyena::inspect {
namespace {

using backbone::OptionError;

struct Parameters {
  std::int64_t token = -1, top = 10;
  std::string target = {}, contrast = {}, method = "l2", pieces = "token";

  template <class Visitor>
  void visit(Visitor& v) {
    v.field("token", token, {.help = "whose next token is explained; -1: the last", .min = -1});
    v.field("target", target, {.help = "next token, as text or \"id 17\"; empty: the likeliest"});
    v.field("contrast", contrast, {.help = "token whose logit is taken away; empty: none"});
    v.field("method", method,
            {.help = "l2: norm of the gradient; times_embedding: its product with the embedding",
             .choices = {"l2", "times_embedding"}});
    v.field("pieces", pieces,
            {.help = "what is summed to one number", .choices = {"token", "word", "line"}});
    v.field("top", top, {.help = "strongest ones that are listed", .min = 1, .max = 100});
  }
};

std::int64_t id_of(const OpenedSubject& subject, const std::string& text) {
  if (text.empty()) return -1;
  if (text.starts_with("id ")) {
    try {
      return std::stoll(text.substr(3));
    } catch (const std::exception&) {
      throw OptionError("\"" + text + "\" is no id; write for example \"id 17\"");
    }
  }
  const auto* tokenizer = subject.tokenizer.tokenizer.get();
  if (tokenizer == nullptr) {
    throw OptionError("the model carries no tokenizer; name the token by its number, \"id 17\"");
  }
  const auto ids = tokenizer->encode(text);
  if (ids.size() == 1) return ids[0];
  throw OptionError("\"" + visible_piece(text) + "\" is " + std::to_string(ids.size()) +
                    " tokens; name exactly one");
}

std::string piece_of(const OpenedSubject& subject, std::int64_t id) {
  const auto* tokenizer = subject.tokenizer.tokenizer.get();
  if (tokenizer == nullptr) return "id " + std::to_string(id);
  return "“" + visible_piece(std::string(tokenizer->bytes(static_cast<datasets::TokenId>(id)))) +
         "”";
}

/// First tokens of words (with the blank before them) or lines.
std::vector<std::int64_t> begins(const std::vector<std::string>& pieces, std::int64_t length,
                                 const std::string& by) {
  std::vector<std::int64_t> out;
  bool blank = true;  // the token before is one, or ends in one
  for (std::int64_t i = 0; i < length; ++i) {
    bool first = by == "token" || i == 0;
    if (!first) {
      const auto& before = pieces[static_cast<std::size_t>(i - 1)];
      const auto& piece = pieces[static_cast<std::size_t>(i)];
      const bool space =
          std::isspace(static_cast<unsigned char>(piece.empty() ? 'x' : piece[0])) != 0;
      first = before.ends_with('\n') || (by == "word" && space && !blank);
      blank = space && piece.size() == 1;
    } else {
      blank = false;
    }
    if (first) out.push_back(i);
  }
  return out;
}

Figure compute(const ViewContext& context, const Parameters& p, const Progress& progress) {
  const Scene scene(context);
  const auto found = salience(scene.subject, scene.input(),
                              {.position = p.token,
                               .token = id_of(scene.subject, p.target),
                               .contrast = id_of(scene.subject, p.contrast)},
                              progress);
  const bool is_signed = p.method == "times_embedding";
  const auto all = (is_signed ? found.times_embedding : found.l2).to(at::kCPU, at::kDouble);
  auto texts = scene.stimulus.pieces();
  const std::int64_t length = all.size(0), seen = found.target.position + 1;
  if (std::ssize(texts) != length) {
    texts.clear();
    for (std::int64_t i = 0; i < length; ++i) texts.push_back(std::to_string(i));
  }
  // What comes behind the position has no say.
  const auto first = begins(texts, seen, p.pieces);
  TokenStrip strip;
  std::vector<float> values;
  std::vector<std::pair<double, std::string>> order;
  for (std::size_t i = 0; i < first.size(); ++i) {
    const std::int64_t end = i + 1 < first.size() ? first[i + 1] : seen;
    std::string text;
    for (auto t = first[i]; t < end; ++t) text += texts[static_cast<std::size_t>(t)];
    const double value = all.slice(0, first[i], end).sum().item<double>();
    values.push_back(static_cast<float>(value));
    order.emplace_back(value, std::to_string(first[i]) + " “" + visible_piece(text) + "”");
    strip.pieces.push_back(std::move(text));
  }
  const auto count = std::ssize(values);
  strip.values = Array(p.method, {p.pieces}, {count}, std::move(values));
  strip.color = {.quantity = is_signed ? Quantity::signed_value : Quantity::magnitude,
                 .title = p.method,
                 .limits = {.symmetric = is_signed}};
  std::ranges::stable_sort(
      order, [](const auto& a, const auto& b) { return std::abs(a.first) > std::abs(b.first); });
  Bars bars;
  for (std::size_t i = 0; i < order.size() && i < static_cast<std::size_t>(p.top); ++i) {
    bars.bars.push_back({.name = order[i].second, .value = order[i].first});
  }
  bars.first_name = is_signed ? "gradient · embedding" : "norm of the gradient";

  Figure figure;
  figure.title = "Prompt salience";
  figure.subtitle = "next token " + piece_of(scene.subject, found.target.token);
  if (found.target.contrast >= 0) {
    figure.subtitle += " against " + piece_of(scene.subject, found.target.contrast);
  }
  figure.subtitle += " behind token " + std::to_string(found.target.position) + " · score " +
                     decimal_text(found.score, 3);
  figure.caption = is_signed
                       ? "Gradient of the score with respect to each token's embedding, times the "
                         "embedding: speaks for it above 0, against it below"
                       : "Norm of the gradient of the score with respect to each token's embedding";
  if (p.pieces != "token") figure.caption += "; summed over each " + p.pieces;
  Panel text, strongest;
  text.title = "Prompt";
  text.content = std::move(strip);
  strongest.title = "Strongest";
  strongest.x = {.title = bars.first_name};
  strongest.content = std::move(bars);
  figure.panels = {std::move(text), std::move(strongest)};
  figure.arrays = {array_of(p.method, {"token"}, all)};
  std::vector<float> starts(first.begin(), first.end());
  figure.arrays.emplace_back("first token", std::vector<std::string>{"piece"},
                             std::vector<std::int64_t>{count}, std::move(starts));
  return figure;
}

Selection pick(const Figure& figure, std::size_t panel, double x, double y) {
  if (panel != 0) return {};
  const auto piece = token_at(figure.panels[0], x, y);
  return {.token = piece < 0 ? -1 : static_cast<std::int64_t>(figure.arrays[1][piece])};
}

}  // namespace

View salience_view() {
  return define_view<Parameters>(
      {.id = "salience",
       .title = "Prompt salience",
       .group = "text",
       .summary = "Which tokens of a prompt does the next token hang on?",
       .needs = {.vision = false, .input = true},
       .pick = pick},
      compute);
}

}  // namespace hyena::inspect
