#pragma once

#include <string>
#include <vector>

namespace hyena::cli {

/// A subcommand of `hyena`. To add one: one file that defines it, one line in main.cpp.
struct Command {
  const char* name;
  const char* summary;
  /// `args` without program and command name. Returns the exit code; errors are exceptions.
  int (*run)(const std::vector<std::string>& args);
};

Command train_command();
Command eval_command();
Command classify_command();
Command features_command();
Command inspect_command();
Command convert_command();
Command models_command();
Command tokenize_command();
Command generate_command();
Command score_command();
Command verify_data_command();
Command bench_command();
Command views_command();
Command export_command();
Command export_all_command();

/// Exit codes: 0 done, 1 an error that the message explains, 2 a wrong command line, 130
/// interrupted.
constexpr int kUsage = 2;
constexpr int kInterrupted = 130;

}  // namespace hyena::cli
