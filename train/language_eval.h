#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <nlohmann/json.hpp>

#include "train/language_request.h"

/// Measures of language models. No tensors here: shells need not see LibTorch. Results are JSON
/// objects that name their rules: a figure without them means nothing.
namespace hyena::train {

struct PerplexityOptions {
  std::string data = {};       ///< a corpus or token shards, "KIND:PATH"
  std::string split = "test";  ///< a file of text has only the part train: all of it
  std::int64_t length = 0;     ///< tokens of a window; 0: the model's max_len, at most 1024
  std::int64_t stride = 0;     ///< from window to window; 0: length
  std::int64_t batch_size = 8;
  std::int64_t limit = 0;  ///< tokens; 0: all
  bool end_of_text = true;

  template <class Visitor>
  void visit(Visitor& v) {
    v.field("data", data, {.help = "text:FILE, wikitext:FOLDER, pg19:FOLDER, llmc:FOLDER, ..."});
    v.field("split", split,
            {.help = "part of the data; of text:FILE all there is",
             .choices = {"train", "valid", "test"}});
    v.field("seq_len", length,
            {.help = "window; 0: the model's max_len, at most 1024", .unit = "tokens", .min = 0});
    v.field("stride", stride,
            {.help = "from window to window; 0: no overlap. Overlap gives each token more context "
                     "and lowers the figure",
             .unit = "tokens",
             .min = 0});
    v.field("batch_size", batch_size, {.help = "windows at once", .min = 1});
    v.field("limit", limit, {.help = "stop after so many; 0: all", .unit = "tokens", .min = 0});
    v.field("end_of_text", end_of_text,
            {.help = "end each document by the tokenizer's end-of-text token"});
  }
};

struct LambadaOptions {
  std::string data = {};  ///< JSON lines with a field "text" whose last word is the target
  std::string rule = "openai";
  std::string stop_words = {};  ///< file of words that are no answer, one a line; empty: none
  std::int64_t limit = 0;       ///< examples; 0: all

  template <class Visitor>
  void visit(Visitor& v) {
    v.field("data", data, {.help = "lambada_test.jsonl"});
    v.field(
        "rule", rule,
        {.help = "openai: the text as it is, all tokens of ' '+last word must be the likeliest; "
                 "safari: the same with straight quotes and a newline in front; last-token: "
                 "only the last token counts",
         .choices = {"openai", "safari", "last-token"}});
    v.field("stop_words", stop_words,
            {.help = "file of words that are no answer, one a line (safari's filter)"});
    v.field("limit", limit, {.help = "examples; 0: all", .min = 0});
  }
};

/// (done, total) windows, examples, or bytes where the number of examples is not known; false
/// stops.
using EvalProgress = std::function<bool(std::int64_t done, std::int64_t total)>;

/// A language model that is measured.
class LanguageEvaluator {
 public:
  explicit LanguageEvaluator(const LanguageRequest& request);
  ~LanguageEvaluator();
  LanguageEvaluator(const LanguageEvaluator&) = delete;
  LanguageEvaluator& operator=(const LanguageEvaluator&) = delete;

  /// "hyena_lm_tiny, 852992 parameters".
  std::string description() const;

  /// Token, word and byte perplexity and bits per byte of running text, with standard errors.
  nlohmann::json perplexity(const PerplexityOptions& options, const EvalProgress& progress = {});

  /// Accuracy and perplexity of the last words.
  nlohmann::json lambada(const LambadaOptions& options, const EvalProgress& progress = {});

  /// Log-probability (nats) of each token of a text after those before it; the first has none.
  nlohmann::json score(const std::string& text);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace hyena::train
