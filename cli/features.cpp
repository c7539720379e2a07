#include <iostream>

#include <CLI/CLI.hpp>

#include "backbone/atomic_file.h"
#include "backbone/options.h"
#include "cli/command.h"
#include "cli/parse.h"
#include "cli/predict_flags.h"

namespace hyena::cli {
namespace {

int run(const std::vector<std::string>& args) {
  CLI::App app("Writes pooled embeddings of pictures as a NumPy file.", "hyena features");
  std::vector<std::string> paths;
  std::string data, split = "test", out;
  app.add_option("pictures", paths, "picture files, or folders of them");
  ModelFlags model(app);
  app.add_option("--data", data, "all pictures of this data set instead");
  app.add_option("--split", split, "of --data")->check(CLI::IsMember({"train", "test"}));
  app.add_option("--out", out, "NPY file to write, (N, features) float32; names go to FILE.txt")
      ->required();
  if (const int code = parse(app, args); code >= 0) return code;
  if (paths.empty() == data.empty()) {
    throw backbone::OptionError("features: say picture files or folders, or --data NAME");
  }
  train::Predictor predictor(model.request());
  bool whole = true;
  const auto show = console_progress(data.empty() ? "pictures" : "batches");
  const train::Progress progress = [&](std::int64_t done, std::int64_t total) {
    return whole = show(done, total);
  };
  if (data.empty()) {
    const auto files = train::find_pictures(paths);
    predictor.write_features(files, out, progress);
    std::string names;
    for (const auto& file : files) names += file + "\n";
    if (whole) backbone::write_file_atomically(out + ".txt", names);
  } else {
    predictor.write_features(data, split, out, progress);
  }
  if (!whole) {
    std::cerr << "interrupted; nothing was written\n";
    return kInterrupted;
  }
  std::cout << "wrote " << out << "\n";
  return 0;
}

}  // namespace

Command features_command() {
  return {.name = "features", .summary = "write embeddings of pictures", .run = run};
}

}  // namespace hyena::cli
