#include "cli/train_console.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <string>
#include <utility>

#include <unistd.h>

#include "train/run/durations.h"
#include "train/utilisation_text.h"

namespace hyena::cli {
namespace {

std::string text(const char* format, double value) {
  std::array<char, 64> out{};
  std::snprintf(out.data(), out.size(), format, value);
  return out.data();
}

std::string of(std::int64_t done, std::int64_t all) {
  return std::to_string(done) + "/" + std::to_string(all);
}

using Cell = std::pair<std::string, std::string>;

std::string short_unit(const std::string& unit) {
  return unit == "picture" ? "img" : unit == "token" ? "tok" : unit;
}

}  // namespace

TrainConsole::TrainConsole()
    : line_(std::cout, train::ProgressLine::for_descriptor(STDOUT_FILENO)),
      terminal_(isatty(STDOUT_FILENO) == 1) {}

void TrainConsole::on_note(const std::string& note) {
  line_.message(note);
}

void TrainConsole::on_step(const train::StepReport& r) {
  line_.update({{"epoch", of(r.epoch + 1, r.epochs)},
                {"step", of(r.batch, r.batches)},
                {"loss", text("%.4f", r.loss)},
                r.top1 ? Cell{"top1", text("%.1f", *r.top1)}
                       : Cell{"perplexity", text("%.3f", std::exp(r.loss))},
                {"lr", text("%.2e", r.lr)},
                {"", train::format_rate(r.samples_per_second, short_unit(r.unit) + "/s")},
                {"wait", text("%.0f %%", 100 * r.wait_share)},
                {"grad", text("%.2f", r.grad_norm)},
                {"eta", train::format_duration(r.eta_seconds)}},
               /*always=*/!terminal_);
}

void TrainConsole::on_eval_progress(std::int64_t done, std::int64_t total) {
  if (terminal_) line_.update({{"evaluating", of(done, total)}});
}

void TrainConsole::on_epoch(const train::EpochReport& r) {
  std::string line =
      "epoch " + of(r.epoch + 1, r.epochs) + " done: train loss " + text("%.4f", r.train_loss);
  const auto add = [&](const char* what, const train::EvalReport& eval) {
    line += std::string(", ") + what + " loss " + text("%.4f", eval.loss);
    for (const auto& [name, value] : eval.metrics) {
      const bool percent = name.starts_with("top");
      line += " " + (percent ? "top-" + name.substr(3) : name) + " " +
              text(percent ? "%.2f" : "%.4f", value) + (percent ? " %" : "");
    }
  };
  if (r.eval) add("test", *r.eval);
  if (r.eval_ema) add("test of the average", *r.eval_ema);
  line += " (" + train::format_duration(r.seconds) + " of training so far)";
  if (r.best) line += " *";
  line_.message(line);
}

void TrainConsole::finish(const train::RunResult& r) {
  line_.finish();
  if (r.best_epoch >= 0) {
    std::printf("best epoch %lld with %.4f\n", static_cast<long long>(r.best_epoch + 1), r.best);
  }
  std::printf("%s\n", train::utilisation_text(r.flops_per_sample, r.samples, r.unit, r.seconds,
                                              r.peak_flops)
                          .c_str());
  std::printf("everything is in %s\n", r.folder.c_str());
}

}  // namespace hyena::cli
