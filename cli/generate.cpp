#include "train/generate.h"

#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <utility>

#include <poll.h>
#include <unistd.h>

#include <CLI/CLI.hpp>

#include "backbone/options.h"
#include "cli/command.h"
#include "cli/flags.h"
#include "cli/language_flags.h"
#include "cli/parse.h"
#include "cli/signals.h"

namespace hyena::cli {
namespace {

using backbone::OptionError;

void print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw OptionError(path + ": cannot be opened");
  return {std::istreambuf_iterator<char>(in), {}};
}

/// One continuation; false when Ctrl-C ended it. What was made until then stays.
bool generate(train::Generator& generator, const std::string& prompt, bool show_prompt,
              std::string* made) {
  const auto& stop = stop_on_signals();
  if (show_prompt) print(prompt);
  generator.begin(prompt);
  while (!stop) {
    const auto token = generator.next();
    if (!token) break;
    print(token->text);
    if (made != nullptr) *made += token->text;
  }
  const auto rest = generator.rest();
  print(rest);
  if (made != nullptr) *made += rest;
  print("\n");
  return !stop;
}

/// The next line of standard input; false at its end and when Ctrl-C comes while it is waited for.
bool read_line(std::string& line) {
  static std::string pending;  // read, and not yet asked for
  const auto& stop = stop_on_signals();
  pollfd input{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
  constexpr int kMilliseconds = 100;
  std::size_t end = 0;
  while ((end = pending.find('\n')) == std::string::npos) {
    if (stop) return false;
    if (poll(&input, 1, kMilliseconds) == 0) continue;
    char bytes[4096];
    const auto got = read(STDIN_FILENO, bytes, sizeof(bytes));
    if (got <= 0) {
      line = std::exchange(pending, {});
      return !line.empty();
    }
    pending.append(bytes, static_cast<std::size_t>(got));
  }
  line = pending.substr(0, end);
  pending.erase(0, end + 1);
  return true;
}

int run(const std::vector<std::string>& args) {
  CLI::App app("Continues a text with a language model.", "hyena generate");
  LanguageFlags model(app, "-m");
  nlohmann::json values = nlohmann::json::object();
  train::GenerateOptions shown;
  FlagSet flags(app, values);
  shown.visit(flags);
  std::string prompt, file;
  std::int64_t tokens = 0;
  bool interactive = false, quiet = false, hide_prompt = false;
  app.add_option("-p,--prompt", prompt, "text to continue");
  app.add_option("-f,--file", file, "file with the text to continue");
  auto* n = app.add_option("-n", tokens, "the same as --max-tokens");
  app.add_flag("-i,--interactive", interactive,
               "afterwards read lines from standard input, each continued behind all before");
  app.add_flag("--no-display-prompt", hide_prompt, "print the continuation alone");
  app.add_flag("-q,--quiet", quiet, "no notes and timings on standard error");
  if (const int code = parse(app, args); code >= 0) return code;
  if (n->count() > 0) values["max_tokens"] = tokens;
  if (!file.empty() && !prompt.empty()) throw OptionError("--prompt or --file, not both");
  if (!file.empty()) prompt = read_file(file);

  train::Generator generator(model.request(),
                             backbone::options_of<train::GenerateOptions>(values, "command line"));
  if (!quiet) {
    std::cerr << generator.description() << "\nsamplers: " << generator.chain()
              << "\nseed: " << generator.seed() << "\n\n";
  }
  std::string text = prompt;
  bool whole = generate(generator, prompt, !hide_prompt, &text);
  const auto timings = [&] {
    if (!quiet)
      std::cerr << "\n"
                << generator.stats().text()
                << "end: " << (generator.reason().empty() ? "interrupted" : generator.reason())
                << "\n";
  };
  timings();
  while (interactive && whole) {
    if (!quiet) std::cerr << "> ";
    std::string line;
    if (!read_line(line)) break;
    text += "\n" + line;
    whole = generate(generator, text, false, &text);
    timings();
  }
  return whole ? 0 : kInterrupted;
}

}  // namespace

Command generate_command() {
  return {.name = "generate", .summary = "continue a text with a language model", .run = run};
}

}  // namespace hyena::cli
