#include <cstdio>
#include <iostream>

#include <CLI/CLI.hpp>

#include "cli/command.h"
#include "cli/parse.h"
#include "cli/predict_flags.h"
#include "datasets/dataset.h"
#include "datasets/verify.h"

namespace hyena::cli {
namespace {

int run(const std::vector<std::string>& args) {
  CLI::App app("Reads every picture of a data set and says what is wrong.", "hyena verify-data");
  std::string data;
  datasets::VerifyOptions options;
  app.add_option("data", data, "data set: fashion-mnist, folder:PATH, ...")->required();
  app.add_option("--workers", options.workers, "threads that read");
  app.add_flag("--duplicates", options.duplicates, "look for pictures with equal pixels too");
  if (const int code = parse(app, args); code >= 0) return code;

  bool sound = true;
  for (const auto split : {datasets::Split::kTrain, datasets::Split::kTest}) {
    const auto set = datasets::open_dataset(data, split);
    const auto report = datasets::verify_dataset(*set, options, console_progress("pictures"));
    std::printf("%s: %lld pictures, %zu unreadable\n", datasets::split_name(split),
                static_cast<long long>(report.samples), report.unreadable.size());
    for (const auto& line : report.unreadable) std::printf("  %s\n", line.c_str());
    const auto& sizes = report.sizes;
    std::printf("  height %lld to %lld (mean %.1f), width %lld to %lld (mean %.1f)\n",
                static_cast<long long>(sizes.min_height), static_cast<long long>(sizes.max_height),
                sizes.mean_height, static_cast<long long>(sizes.min_width),
                static_cast<long long>(sizes.max_width), sizes.mean_width);
    for (std::size_t c = 0; c < report.class_counts.size(); ++c) {
      std::printf("  %-28s %lld\n", set->info().class_names[c].c_str(),
                  static_cast<long long>(report.class_counts[c]));
    }
    for (const auto& same : report.duplicates) {
      std::printf("  equal:");
      for (const auto& name : same) std::printf(" %s", name.c_str());
      std::printf("\n");
    }
    sound = sound && report.unreadable.empty();
    if (!report.complete) {
      std::cerr << "interrupted\n";
      return kInterrupted;
    }
  }
  return sound ? 0 : 1;
}

}  // namespace

Command verify_data_command() {
  return {.name = "verify-data", .summary = "check every picture of a data set", .run = run};
}

}  // namespace hyena::cli
