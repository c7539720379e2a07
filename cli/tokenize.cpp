#include <algorithm>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "backbone/options.h"
#include "cli/command.h"
#include "cli/flags.h"
#include "cli/parse.h"
#include "cli/signals.h"
#include "datasets/text/corpus.h"
#include "datasets/text/pack.h"
#include "datasets/text/transcode.h"
#include "datasets/tokenizer/kinds.h"
#include "train/run/durations.h"
#include "train/run/progress_line.h"

namespace hyena::cli {
namespace {

std::string known_tokenizers() {
  std::string text = "tokenizer:";
  for (const auto& kind : datasets::tokenizer_registry()) {
    text += " " + kind.name + (kind.takes.empty() ? "" : ":" + kind.takes);
  }
  return text;
}

void write_out(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
}

int encode(const std::vector<std::string>& args) {
  CLI::App app("Text to token ids, on standard output.", "hyena tokenize encode");
  std::string spec, file = "/dev/stdin", specials = "text";
  std::vector<std::string> texts;
  std::int64_t threads = 0;
  bool json = false;
  app.add_option("file", file, "text, also .gz and .zst; without it standard input");
  app.add_option("--tokenizer", spec, known_tokenizers())->required();
  app.add_option("--text", texts, "these texts instead of a file, a line of ids each");
  app.add_option("--specials", specials, "what the writing of a special token means")
      ->check(CLI::IsMember({"text", "allow", "refuse"}))
      ->capture_default_str();
  app.add_option("--threads", threads, "threads beside the one that reads and writes")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  app.add_flag("--json", json, "one array of ids a text");
  if (const int code = parse(app, args); code >= 0) return code;

  using datasets::Specials;
  const Specials how = specials == "text"    ? Specials::kAsText
                       : specials == "allow" ? Specials::kAllow
                                             : Specials::kRefuse;
  const auto tokenizer = datasets::open_tokenizer(spec);
  bool first = true;
  const auto print = [&](std::span<const datasets::TokenId> ids) {
    std::string line;
    for (const auto id : ids) {
      if (!first) line += json ? ", " : " ";
      line += std::to_string(id);
      first = false;
    }
    write_out(line);
  };
  const auto text_done = [&] {
    write_out(json ? "]\n" : "\n");
    first = true;
  };
  for (const std::string& text : texts) {
    if (json) write_out("[");
    print(tokenizer->encode(text, how));
    text_done();
  }
  if (!texts.empty()) return 0;
  if (json) write_out("[");
  datasets::encode_file(file, *tokenizer, how, threads, print);
  text_done();
  return 0;
}

int decode(const std::vector<std::string>& args) {
  CLI::App app("Token ids to text, on standard output, byte for byte.", "hyena tokenize decode");
  std::string spec, file = "/dev/stdin", shards, split = "train";
  std::uint64_t begin = 0, count = UINT64_MAX;
  app.add_option("file", file, "ids as numbers; without it standard input");
  app.add_option("--tokenizer", spec, known_tokenizers())->required();
  app.add_option("--shards", shards, "FORMAT:PATH, token shards instead of a file");
  app.add_option("--split", split, "of a folder of shards")
      ->check(CLI::IsMember({"train", "valid", "test"}))
      ->capture_default_str();
  app.add_option("--begin", begin, "first token of the shards")->capture_default_str();
  app.add_option("--count", count, "tokens of the shards; without it all");
  if (const int code = parse(app, args); code >= 0) return code;

  const auto tokenizer = datasets::open_tokenizer(spec);
  if (shards.empty()) {
    datasets::decode_file(file, *tokenizer, write_out);
    return 0;
  }
  const auto source =
      datasets::open_token_shards(shards, datasets::split_of(split), tokenizer->vocabulary_size());
  datasets::decode_tokens(*source, begin, count, *tokenizer, write_out);
  return 0;
}

/// Shows how far packing is, and stops it on Ctrl-C.
datasets::PackObserver pack_console(train::ProgressLine& line) {
  const auto start = std::chrono::steady_clock::now();
  const auto& stop = stop_on_signals();
  return [&line, &stop, start](const datasets::PackProgress& now) {
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    const auto done = double(now.bytes_read - now.bytes_before);
    const auto total = double(now.bytes - std::min(now.bytes, now.bytes_before));
    char share[32];
    std::snprintf(share, sizeof share, "%.1f %%",
                  100 * double(now.bytes_read) / double(std::max<std::uint64_t>(1, now.bytes)));
    line.update(
        {{"packed", share},
         {"documents", std::to_string(now.documents)},
         {"tokens", train::format_rate(double(now.tokens), "")},
         {"", train::format_rate(done / taken.count(), "B/s")},
         {"", train::format_rate(double(now.tokens - now.tokens_before) / taken.count(), "tok/s")},
         {"eta", train::format_duration(train::remaining_seconds(taken.count(), done, total))}});
    return !stop;
  };
}

void print_counts(const datasets::PackResult& result) {
  const auto number = [](std::uint64_t value) { return static_cast<unsigned long long>(value); };
  const auto& counts = result.counts;
  std::printf("%llu documents, %llu bytes of text, %llu tokens in %llu shards\n",
              number(counts.documents), number(counts.bytes),
              number(result.tokens + result.validation_tokens), number(result.shards));
  if (result.validation_tokens > 0) {
    std::printf("  %llu tokens for training, %llu for validation\n", number(result.tokens),
                number(result.validation_tokens));
  }
  const auto note = [&](std::uint64_t count, const char* what) {
    if (count > 0) std::printf("  %llu %s\n", number(count), what);
  };
  note(counts.empty, "empty documents were left out");
  note(counts.invalid_utf8, "documents have bytes that are no UTF-8; their bytes were kept");
  note(counts.damaged, "records or files were damaged and skipped");
  note(counts.cut_words, "words of more than 64 MiB were cut");
}

int pack(const std::vector<std::string>& args) {
  std::string kinds;
  for (const auto& kind : datasets::corpus_registry()) {
    kinds += "\n  " + kind.name + ":" + kind.takes + "  " + kind.help;
  }
  CLI::App app(
      "Writes a corpus as token shards. Run again after a stop or a kill, it goes on.\n"
      "Corpora:" +
          kinds,
      "hyena tokenize pack");
  datasets::PackOptions shown;
  std::string output;
  bool eot = true;
  nlohmann::json values = nlohmann::json::object();
  app.add_option("corpus", shown.corpus, "KIND:PATH")->required();
  app.add_option("--tokenizer", shown.tokenizer, known_tokenizers())->required();
  app.add_option("--output", output, "folder for the shards and pack.json")->required();
  app.add_flag("--append-eot,!--no-eot", eot, "the end-of-text token behind each document (on)");
  FlagSet flags(app, values);
  shown.visit(static_cast<backbone::OptionVisitor&>(flags));
  if (const int code = parse(app, args); code >= 0) return code;

  auto options = backbone::options_of<datasets::PackOptions>(values, "tokenize pack", shown);
  options.append_eot = eot;
  auto look = train::ProgressLine::for_descriptor(STDERR_FILENO);
  if (!look.terminal) look.seconds_between = 10;
  train::ProgressLine line(std::cerr, look);
  const auto result = datasets::pack_corpus(options, output, pack_console(line));
  line.finish();
  if (result.was_complete) std::printf("%s was packed before\n", output.c_str());
  print_counts(result);
  if (result.complete) return 0;
  std::printf("interrupted; the same command goes on\n");
  return kInterrupted;
}

int run(const std::vector<std::string>& args) {
  const std::vector<std::string> rest(args.begin() + (args.empty() ? 0 : 1), args.end());
  if (!args.empty() && args[0] == "encode") return encode(rest);
  if (!args.empty() && args[0] == "decode") return decode(rest);
  if (!args.empty() && args[0] == "pack") return pack(rest);
  const bool help = !args.empty() && (args[0] == "--help" || args[0] == "-h");
  (help ? std::cout : std::cerr) << "usage: hyena tokenize encode|decode|pack [OPTIONS]\n\n"
                                    "  encode  text to token ids\n"
                                    "  decode  token ids, or tokens of shards, to text\n"
                                    "  pack    a corpus to token shards for training\n\n"
                                    "`hyena tokenize encode --help` lists the options.\n";
  return help ? 0 : kUsage;
}

}  // namespace

Command tokenize_command() {
  return {.name = "tokenize", .summary = "text to tokens and back, corpora to shards", .run = run};
}

}  // namespace hyena::cli
