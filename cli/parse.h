#pragma once

#include <string>
#include <vector>

#include <CLI/App.hpp>

namespace hyena::cli {

/// Parses `args` into `app`. Returns -1 to go on, else the exit code (0 after --help). A flag that
/// nobody declared is answered with the nearest one.
int parse(CLI::App& app, const std::vector<std::string>& args);

/// The value of `--name X` or `--name=X` in `args`, before anything is declared; "" without.
std::string peek(const std::vector<std::string>& args, const std::string& name);

}  // namespace hyena::cli
