#include "bench/bench.h"

#include <cstdio>
#include <iostream>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "backbone/atomic_file.h"
#include "cli/command.h"
#include "cli/flags.h"
#include "cli/parse.h"

namespace hyena::cli {
namespace {

const bench::BenchEntry& find_bench(const std::string& name) {
  std::vector<std::string> names;
  for (const auto& entry : bench::benches()) {
    if (name == entry.name) return entry;
    names.emplace_back(entry.name);
  }
  const std::string near = backbone::nearest_name(name, names);
  throw backbone::OptionError("bench: there is no '" + name + "'" +
                              (near.empty() ? "" : "; did you mean '" + near + "'?") +
                              " `hyena bench` lists them.");
}

int run(const std::vector<std::string>& args) {
  if (args.empty() || args[0] == "-h" || args[0] == "--help") {
    std::printf("usage: hyena bench NAME [OPTIONS]\n\n");
    for (const auto& entry : bench::benches())
      std::printf("  %-10s %s\n", entry.name, entry.summary);
    std::printf("\n`hyena bench NAME --help` lists its options.\n");
    return args.empty() ? kUsage : 0;
  }
  const auto& entry = find_bench(args[0]);
  const auto program = entry.make();
  CLI::App app(std::string("Measures: ") + entry.summary + ".", "hyena bench " + args[0]);
  nlohmann::json values = nlohmann::json::object();
  FlagSet flags(app, values);
  program->visit(flags);
  bool as_json = false;
  std::string out;
  app.add_flag("--json", as_json, "print JSON instead of a table");
  app.add_option("--out", out, "write the JSON to this file too");
  if (const int code = parse(app, {args.begin() + 1, args.end()}); code >= 0) return code;
  backbone::options_from_json(*program, values, "bench " + args[0]);

  const nlohmann::json result = program->run();
  if (!out.empty()) backbone::write_file_atomically(out, result.dump(2) + "\n");
  std::cout << (as_json ? result.dump(2) + "\n" : program->table(result));
  return 0;
}

}  // namespace

Command bench_command() {
  return {.name = "bench", .summary = "measure speed, beside others", .run = run};
}

}  // namespace hyena::cli
