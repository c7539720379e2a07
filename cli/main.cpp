#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include "backbone/options.h"
#include "cli/command.h"
#include "cli/signals.h"
#include "cli/version.h"
#include "train/host_memory.h"

namespace {

using hyena::cli::Command;

const std::vector<Command>& commands() {
  static const std::vector<Command> all = {
      hyena::cli::train_command(),      hyena::cli::eval_command(),
      hyena::cli::classify_command(),   hyena::cli::features_command(),
      hyena::cli::inspect_command(),    hyena::cli::convert_command(),
      hyena::cli::models_command(),     hyena::cli::verify_data_command(),
      hyena::cli::generate_command(),   hyena::cli::score_command(),
      hyena::cli::tokenize_command(),   hyena::cli::bench_command(),
      hyena::cli::views_command(),      hyena::cli::export_command(),
      hyena::cli::export_all_command(),
  };
  return all;
}

int help(std::ostream& out) {
  out << "hyena: picture classifiers and language models on the Hyena operator\n\n"
         "usage: hyena COMMAND [OPTIONS]\n\ncommands:\n";
  for (const Command& command : commands()) {
    out << "  " << command.name << std::string(14 - std::string(command.name).size(), ' ')
        << command.summary << "\n";
  }
  out << "\n`hyena COMMAND --help` lists a command's options; `hyena --version` tells the build.\n";
  return 0;
}

int dispatch(const std::vector<std::string>& args) {
  if (args.empty()) return help(std::cerr), hyena::cli::kUsage;
  if (args[0] == "--help" || args[0] == "-h" || args[0] == "help") return help(std::cout);
  if (args[0] == "--version") {
    std::cout << hyena::cli::version_text();
    return 0;
  }
  std::vector<std::string> names;
  for (const Command& command : commands()) {
    if (args[0] == command.name) {
      // Measurements beside LibTorch leave memory as its users have it, or say otherwise.
      if (args[0] != "bench") hyena::train::keep_host_memory();
      return command.run({args.begin() + 1, args.end()});
    }
    names.emplace_back(command.name);
  }
  const std::string near = hyena::backbone::nearest_name(args[0], names);
  std::cerr << "hyena: unknown command '" << args[0] << "'"
            << (near.empty() ? "" : "; did you mean '" + near + "'?")
            << "\n`hyena --help` lists the commands.\n";
  return hyena::cli::kUsage;
}

}  // namespace

int main(int argc, char** argv) {
  hyena::cli::watch_signals();
  try {
    return dispatch({argv + 1, argv + argc});
  } catch (const hyena::backbone::OptionError& error) {
    std::cerr << "hyena: " << error.what() << "\n";
    return hyena::cli::kUsage;
  } catch (const std::exception& error) {
    std::cerr << "hyena: " << error.what() << "\n";
    return 1;
  }
}
