#include <cstdio>
#include <iostream>

#include <CLI/CLI.hpp>

#include "backbone/atomic_file.h"
#include "backbone/options.h"
#include "cli/command.h"
#include "cli/eval_language.h"
#include "cli/parse.h"
#include "cli/predict_flags.h"

namespace hyena::cli {
namespace {

int run(const std::vector<std::string>& args) {
  const std::string task = peek(args, "task");
  if (task == "perplexity" || task == "lambada") return eval_language(task, args);
  CLI::App app("Measures a trained model: pictures of a data set's test split, or text (--task).",
               "hyena eval");
  ModelFlags model(app);
  std::string named = "classify";
  app.add_option("--task", named,
                 "classify pictures; perplexity or lambada for language models: see `hyena eval "
                 "--task perplexity --help`")
      ->check(CLI::IsMember({"classify", "perplexity", "lambada"}))
      ->capture_default_str();
  std::string data, per_class, confusion;
  std::int64_t batch_size = 0, workers = 1, limit = 0;
  bool as_json = false;
  app.add_option("--data", data, "data set: fashion-mnist, folder:PATH, ...")->required();
  app.add_option("--batch-size", batch_size, "pictures at once; 0: as in the run's own evaluation");
  app.add_option("--workers", workers, "threads that read");
  app.add_option("--limit-batches", limit, "stop after so many batches; 0: all");
  app.add_option("--per-class", per_class, "write accuracy by class to this CSV file");
  app.add_option("--confusion", confusion, "write the confusion matrix to this CSV file");
  app.add_flag("--json", as_json, "print the result as JSON");
  if (const int code = parse(app, args); code >= 0) return code;

  train::Predictor predictor(model.request());
  if (!as_json) std::cout << predictor.description() << "\n";
  bool whole = true;
  const auto show = console_progress("batches");
  const auto result = predictor.evaluate(
      data, batch_size, workers, limit,
      [&](std::int64_t done, std::int64_t total) { return whole = show(done, total); });
  if (!whole) {
    std::cerr << "interrupted; nothing was written\n";
    return kInterrupted;
  }
  const auto numbers = result.json();
  if (as_json) {
    std::cout << numbers.dump(2) << "\n";
  } else {
    std::printf("pictures %lld   loss %.17g   top-1 %.4f %% (+- %.2f)   top-5 %.4f %% (+- %.2f)\n",
                static_cast<long long>(result.pictures), result.loss, result.top1,
                numbers["top1_err"].get<double>(), result.top5, numbers["top5_err"].get<double>());
  }
  const auto& names = predictor.class_names();
  if (!per_class.empty()) backbone::write_file_atomically(per_class, result.per_class_csv(names));
  if (!confusion.empty()) backbone::write_file_atomically(confusion, result.confusion_csv(names));
  return 0;
}

}  // namespace

Command eval_command() {
  return {.name = "eval", .summary = "measure a model on a data set", .run = run};
}

}  // namespace hyena::cli
