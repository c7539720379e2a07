#include "train/language_eval.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <vector>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "backbone/ops/token_loss.h"
#include "backbone/options.h"
#include "datasets/dataset.h"
#include "datasets/text/corpus.h"
#include "datasets/tokenizer/utf8.h"
#include "train/autocast.h"
#include "train/lambada.h"
#include "train/language_eval_state.h"
#include "train/language_scores.h"
#include "train/text_data.h"

namespace hyena::train {

using nlohmann::json;

namespace {

constexpr std::int64_t kUsualWindow = 1024;

/// White-space separated words and bytes of a corpus, as they stand in it.
struct TextSize {
  std::int64_t words = 0, bytes = 0;
};

TextSize size_of_text(const std::string& data, const std::string& split) {
  TextSize out;
  const auto corpus = datasets::open_corpus(data, datasets::split_of(split));
  datasets::DocumentPart part;
  bool in_word = false;
  while (corpus->next(part)) {
    for (const char c : part.text) {
      const bool space = c == ' ' || (c >= '\t' && c <= '\r');
      out.words += !space && !in_word;
      in_word = !space;
    }
    if (part.ends) in_word = false;
    out.bytes += static_cast<std::int64_t>(part.text.size());
  }
  return out;
}

bool is_corpus(const std::string& data) {
  const auto& kinds = datasets::corpus_registry();
  return std::ranges::find(kinds, data.substr(0, data.find(':')), &datasets::CorpusKind::name) !=
         kinds.end();
}

}  // namespace

std::int64_t usual_window(const backbone::LanguageModel& model) {
  const std::int64_t longest = model.info().max_len;
  return longest > 0 ? std::min(longest, kUsualWindow) : kUsualWindow;
}

std::string printable(std::string_view bytes) {
  std::string out;
  for (std::size_t at = 0; at < bytes.size();) {
    const auto read = datasets::read_utf8(bytes, at);
    if (read.kind == datasets::Utf8::Kind::kCharacter) {
      const auto text = bytes.substr(at, read.length);
      out += text == "\\" ? "\\\\" : std::string(text);
    } else {
      for (std::size_t i = 0; i < read.length; ++i) {
        char escaped[8];
        std::snprintf(escaped, sizeof escaped, "\\x%02x",
                      static_cast<unsigned>(static_cast<unsigned char>(bytes[at + i])));
        out += escaped;
      }
    }
    at += std::max<std::size_t>(read.length, 1);
  }
  return out;
}

LanguageEvaluator::LanguageEvaluator(const LanguageRequest& request)
    : state_(std::make_unique<State>(State{open_language_model(request), request.amp})) {}
LanguageEvaluator::~LanguageEvaluator() = default;

std::string LanguageEvaluator::description() const {
  return state_->opened.config.name + ", " +
         std::to_string(state_->opened.model->parameter_count()) + " parameters, on " +
         state_->opened.device.reason;
}

json LanguageEvaluator::perplexity(const PerplexityOptions& o, const EvalProgress& progress) {
  auto& model = *state_->opened.model;
  const auto* tokenizer = state_->opened.tokenizer.tokenizer.get();
  if (o.data.empty()) throw backbone::OptionError("no data: say --data text:FILE or another one");
  const std::string split = o.data.starts_with("text:") ? "train" : o.split;
  const auto tokens =
      open_tokens(o.data, split, tokenizer, static_cast<std::uint64_t>(model.info().vocab_size),
                  o.end_of_text, 1);
  ScoreSettings settings{.length = o.length > 0 ? o.length : usual_window(model),
                         .stride = o.stride,
                         .batch_size = o.batch_size,
                         .limit = o.limit,
                         .amp = state_->amp};
  settings.length = std::min(
      settings.length, std::max<std::int64_t>(1, static_cast<std::int64_t>(tokens->size()) - 1));
  if (settings.stride == 0 || settings.stride > settings.length) settings.stride = settings.length;
  const auto sums = score_tokens(model, *tokens, tokenizer, settings, progress);
  const double loss = sums.loss(), error = sums.loss_error();
  json out = {{"task", "perplexity"},
              {"data", o.data},
              {"split", split},
              {"seq_len", settings.length},
              {"stride", settings.stride},
              {"tokens", sums.tokens},
              {"windows", sums.windows},
              {"nll", sums.nll},
              {"loss", loss},
              {"loss_err", error},
              {"perplexity", std::exp(loss)},
              {"perplexity_err", std::exp(loss) * error},
              {"greedy", static_cast<double>(sums.greedy) /
                             static_cast<double>(std::max<std::int64_t>(sums.tokens, 1))}};
  if (sums.bytes > 0) {
    out["bits_per_byte"] = sums.bits_per_byte();
    out["byte_perplexity"] = std::exp(sums.nll / static_cast<double>(sums.bytes));
  }
  const bool whole = o.limit == 0 && sums.tokens + 1 == static_cast<std::int64_t>(tokens->size());
  if (whole && is_corpus(o.data)) {
    const auto size = size_of_text(o.data, split);
    out["words"] = size.words;
    out["bytes"] = size.bytes;
    out["word_perplexity"] =
        std::exp(sums.nll / static_cast<double>(std::max<std::int64_t>(size.words, 1)));
  }
  return out;
}

json LanguageEvaluator::lambada(const LambadaOptions& options, const EvalProgress& progress) {
  return evaluate_lambada(*state_->opened.model, state_->opened.need_tokenizer(), options,
                          state_->amp, progress);
}

json LanguageEvaluator::score(const std::string& text) {
  const at::NoGradGuard no_grad;
  auto& model = *state_->opened.model;
  const auto& tokenizer = state_->opened.need_tokenizer();
  const auto ids = tokenizer.encode(text);
  if (ids.empty()) throw backbone::OptionError("there is no text to score");
  const auto longest = model.info().max_len;
  if (longest > 0 && static_cast<std::int64_t>(ids.size()) > longest) {
    throw backbone::OptionError("the text has " + std::to_string(ids.size()) +
                                " tokens, the model takes " + std::to_string(longest) +
                                "; score it in parts, or by `hyena eval --task perplexity`");
  }
  std::vector<std::int64_t> wide(ids.begin(), ids.end());
  const auto device = model.parameters().front().tensor.device();
  const auto row =
      at::from_blob(wide.data(), {1, static_cast<std::int64_t>(wide.size())}, at::kLong)
          .clone()
          .to(device);
  const auto targets =
      at::cat({row.slice(1, 1), at::full({1, 1}, backbone::kIgnoredTarget, row.options())}, 1);
  const Autocast autocast(state_->amp, device.type());
  const auto scores = model.score(row, targets);
  const auto nll = scores.nll.to(at::kCPU);
  const auto greedy = scores.greedy.to(at::kCPU);
  json tokens = json::array();
  double sum = 0;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    json token = {{"id", ids[i]}, {"text", printable(tokenizer.bytes(ids[i]))}};
    if (i == 0) {
      token["logprob"] = nullptr;
    } else {
      const auto at = static_cast<std::int64_t>(i) - 1;
      token["logprob"] = -nll[at].item<double>();
      token["greedy"] = greedy[at].item<bool>();
      sum -= nll[at].item<double>();
    }
    tokens.push_back(std::move(token));
  }
  return {{"tokens", std::move(tokens)}, {"logprob", sum}, {"count", ids.size()}};
}

}  // namespace hyena::train
