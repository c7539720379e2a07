#include <cstdio>
#include <iostream>
#include <sstream>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "backbone/options.h"
#include "cli/command.h"
#include "cli/parse.h"
#include "cli/predict_flags.h"
#include "datasets/text/sequence_file.h"
#include "train/sequence_classes.h"

namespace hyena::cli {
namespace {

using nlohmann::json;
using train::Prediction;

json to_json(const Prediction& p) {
  json out = {{"picture", p.picture}};
  if (!p.error.empty()) return out["error"] = p.error, out;
  if (!p.truth.empty()) out["truth"] = p.truth;
  for (const auto& guess : p.guesses) {
    out["classes"].push_back(
        {{"label", guess.label}, {"name", guess.name}, {"probability", guess.probability}});
  }
  return out;
}

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

void print_csv(const std::vector<Prediction>& predictions) {
  std::printf("picture,rank,label,name,probability,error\n");
  for (const auto& p : predictions) {
    if (!p.error.empty()) {
      std::printf("%s,,,,,%s\n", quoted(p.picture).c_str(), quoted(p.error).c_str());
    }
    for (std::size_t rank = 0; rank < p.guesses.size(); ++rank) {
      const auto& guess = p.guesses[rank];
      std::printf("%s,%zu,%lld,%s,%.9g,\n", quoted(p.picture).c_str(), rank + 1,
                  static_cast<long long>(guess.label), quoted(guess.name).c_str(),
                  guess.probability);
    }
  }
}

void print_text(const std::vector<Prediction>& predictions) {
  constexpr int kBar = 24;
  for (const auto& p : predictions) {
    std::printf("%s%s\n", p.picture.c_str(),
                p.truth.empty() ? "" : ("  (is: " + p.truth + ")").c_str());
    if (!p.error.empty()) std::printf("  unreadable: %s\n", p.error.c_str());
    for (const auto& guess : p.guesses) {
      const auto filled = static_cast<std::size_t>(guess.probability * kBar + 0.5);
      std::printf("  %6.2f %%  %-24s  %s\n", 100 * guess.probability,
                  std::string(filled, '#').c_str(), guess.name.c_str());
    }
  }
}

/// Sequences of the command line and of a file.
std::vector<Prediction> classify_letters(const train::ModelRequest& model,
                                         const std::string& tokenizer,
                                         const std::vector<std::string>& letters,
                                         const std::string& file, std::int64_t top_k) {
  if (model.img_size != 0) throw backbone::OptionError("--img-size is for pictures");
  std::vector<std::pair<std::string, std::string>> sequences;
  for (const auto& sequence : letters) sequences.emplace_back(sequence, sequence);
  if (!file.empty()) {
    for (auto& [name, text] : datasets::read_sequences(file)) {
      sequences.emplace_back(name, std::move(text));
    }
  }
  return train::classify_sequences({.model = model.model,
                                    .tokenizer = tokenizer,
                                    .device = model.device,
                                    .threads = model.threads,
                                    .amp = model.amp,
                                    .model_options = model.model_options},
                                   sequences, top_k, console_progress("sequences"));
}

int run(const std::vector<std::string>& args) {
  CLI::App app("Names what is on pictures, or the class of sequences.", "hyena classify");
  std::vector<std::string> paths, letters;
  std::string sequence_file, tokenizer;
  std::string data;
  std::vector<std::int64_t> samples;
  std::int64_t top_k = 5;
  bool as_json = false, as_csv = false;
  app.add_option("pictures", paths, "picture files, or folders of them");
  ModelFlags model(app);
  app.add_option("--data", data, "classify --samples of this data set's test split");
  app.add_option("--samples", samples, "their numbers, from 0")->delimiter(',');
  app.add_option("--sequence", letters,
                 "sequences of letters, e.g. ACGT, for a HyenaDNA classifier");
  app.add_option("--sequence-file", sequence_file, "sequences in FASTA, or one a line");
  app.add_option("--tokenizer", tokenizer,
                 "of sequences; empty: the one the model carries, else nucleotides");
  app.add_option("--top-k", top_k, "classes to name for each picture or sequence")
      ->check(CLI::PositiveNumber);
  app.add_flag("--json", as_json, "one JSON object a picture or sequence, one a line");
  app.add_flag("--csv", as_csv, "one line a guess");
  if (const int code = parse(app, args); code >= 0) return code;
  const bool sequences = !letters.empty() || !sequence_file.empty();
  if (int{!paths.empty()} + int{!data.empty()} + int{sequences} != 1) {
    throw backbone::OptionError(
        "classify: say picture files or folders, --data NAME --samples N ..., or --sequence");
  }
  const auto predictions = [&] {
    if (sequences) {
      return classify_letters(model.request(), tokenizer, letters, sequence_file, top_k);
    }
    train::Predictor predictor(model.request());
    return data.empty() ? predictor.classify(train::find_pictures(paths), top_k,
                                             console_progress("pictures"))
                        : predictor.classify(data, samples, top_k);
  }();
  if (as_json) {
    for (const auto& p : predictions) std::cout << to_json(p).dump() << "\n";
  } else if (as_csv) {
    print_csv(predictions);
  } else {
    print_text(predictions);
  }
  bool failed = false;
  for (const auto& p : predictions) failed = failed || !p.error.empty();
  return failed ? 1 : 0;
}

}  // namespace

Command classify_command() {
  return {.name = "classify",
          .summary = "name what is on pictures, or the class of sequences",
          .run = run};
}

}  // namespace hyena::cli
