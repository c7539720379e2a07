#include "train/lambada.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "backbone/options.h"
#include "datasets/dataset.h"
#include "datasets/text/corpus.h"
#include "train/autocast.h"

namespace hyena::train {
namespace {

using datasets::ReadError;

void replace_all(std::string& text, const std::string& from, const std::string& to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

/// Ids that begin a word of the list: none of them is an answer (safari's stop-word filter).
std::vector<std::int64_t> ids_of_words(const std::string& file,
                                       const datasets::Tokenizer& tokenizer) {
  std::vector<std::int64_t> out;
  if (file.empty()) return out;
  std::ifstream in(file);
  if (!in) throw ReadError(file + ": cannot be opened");
  for (std::string line; std::getline(in, line);) {
    if (line.empty()) continue;
    const auto ids = tokenizer.encode(" " + line);
    if (ids.size() == 1) out.push_back(ids.front());
  }
  return out;
}

}  // namespace

LambadaExample lambada_example(const std::string& original, const std::string& rule,
                               const datasets::Tokenizer& tokenizer) {
  std::string text = original;
  if (rule == "safari") {
    for (const char* quote : {"\u201c", "\u201d"}) replace_all(text, quote, "\"");
    for (const char* quote : {"\u2018", "\u2019"}) replace_all(text, quote, "'");
    replace_all(text, "''", "\"");
    text = "\n" + text;
  }
  while (!text.empty() && (text.back() == ' ' || text.back() == '\n')) text.pop_back();
  const auto space = text.rfind(' ');
  if (space == std::string::npos || space == 0) {
    throw ReadError("a text of one word has no context: '" + text.substr(0, 40) + "'");
  }
  const auto whole = tokenizer.encode(text), context = tokenizer.encode(text.substr(0, space));
  LambadaExample out;
  out.ids.assign(whole.begin(), whole.end());
  out.target = static_cast<std::int64_t>(whole.size()) - static_cast<std::int64_t>(context.size());
  if (rule == "last-token") out.target = 1;
  if (out.target < 1 || context.empty()) {
    throw ReadError("the last word of '" + text.substr(0, 40) + "...' has no tokens of its own");
  }
  return out;
}

nlohmann::json evaluate_lambada(backbone::LanguageModel& model,
                                const datasets::Tokenizer& tokenizer, const LambadaOptions& o,
                                bool amp, const EvalProgress& progress) {
  if (o.data.empty()) throw backbone::OptionError("no data: say --data lambada_test.jsonl");
  const at::NoGradGuard no_grad;
  model.train(false);
  const auto device = model.parameters().front().tensor.device();
  const auto info = model.info();
  const auto stop_words = ids_of_words(o.stop_words, tokenizer);
  const std::string spec = o.data.find(':') == std::string::npos ? "jsonl:" + o.data : o.data;
  const auto corpus = datasets::open_corpus(spec, datasets::TextSplit::kTrain, {.part_bytes = 0});
  std::int64_t count = 0, right = 0, cut = 0;
  double sum = 0, squares = 0;
  datasets::DocumentPart part;
  while ((o.limit == 0 || count < o.limit) && corpus->next(part)) {
    auto example = lambada_example(part.text, o.rule, tokenizer);
    if (info.max_len > 0 && static_cast<std::int64_t>(example.ids.size()) - 1 > info.max_len) {
      const auto extra = static_cast<std::int64_t>(example.ids.size()) - 1 - info.max_len;
      if (extra + example.target >= static_cast<std::int64_t>(example.ids.size())) {
        throw backbone::OptionError("the model takes " + std::to_string(info.max_len) +
                                    " tokens, too few for a word and its context");
      }
      example.ids.erase(example.ids.begin(), example.ids.begin() + extra);
      ++cut;
    }
    const auto n = static_cast<std::int64_t>(example.ids.size());
    const auto row = at::from_blob(example.ids.data(), {1, n}, at::kLong).clone().to(device);
    at::Tensor logits;
    {
      const Autocast autocast(amp, device.type());
      const auto hidden = model.forward_features(row.slice(1, 0, n - 1));
      logits = model.head(hidden.slice(1, n - 1 - example.target));
    }
    logits = logits.squeeze(0).slice(1, 0, info.vocab_size).to(at::kDouble);
    const auto target = row.select(0, 0).slice(0, n - example.target);
    const auto own = logits.gather(1, target.unsqueeze(1)).squeeze(1);
    const double log_p = (own - at::logsumexp(logits, 1)).sum().item<double>();
    for (const std::int64_t id : stop_words) {
      logits.select(1, id).fill_(-std::numeric_limits<double>::infinity());
    }
    right += own.ge(at::amax(logits, 1)).all().item<bool>();
    sum += log_p;
    squares += log_p * log_p;
    ++count;
    const bool limited = o.limit > 0;  // else nobody knows how many there are: count bytes
    if (progress && !progress(limited ? count : static_cast<std::int64_t>(corpus->bytes_read()),
                              limited ? o.limit : static_cast<std::int64_t>(corpus->bytes()))) {
      break;
    }
  }
  if (count == 0) throw ReadError(o.data + ": there is no text in it");
  const auto n = static_cast<double>(count);
  const double accuracy = static_cast<double>(right) / n, mean = sum / n;
  const double spread = n > 1 ? std::sqrt(std::max(0.0, squares / n - mean * mean) / (n - 1)) : 0;
  return {{"task", "lambada"},
          {"rule", o.rule},
          {"stop_words", o.stop_words.empty() ? "none" : o.stop_words},
          {"data", o.data},
          {"examples", count},
          {"contexts_cut", cut},
          {"accuracy", accuracy},
          {"accuracy_err", n > 1 ? std::sqrt(accuracy * (1 - accuracy) / (n - 1)) : 0},
          {"log_likelihood", mean},
          {"perplexity", std::exp(-mean)},
          {"perplexity_err", std::exp(-mean) * spread}};
}

}  // namespace hyena::train
