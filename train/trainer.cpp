#include "train/trainer.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <deque>
#include <limits>
#include <optional>
#include <stdexcept>
#include <utility>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "train/experiment.h"
#include "train/run_record.h"
#include "train/run_state.h"
#include "train/utilisation.h"

namespace hyena::train {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Sums over the epoch, kept on the device. They grow one micro-batch after another whatever the
/// moments at which they are read, so that a resumed run adds up to the very same numbers.
class Meter {
 public:
  struct Sums {
    double loss = 0, correct = 0;
    std::int64_t samples = 0;
  };
  void start(const Sums& sums) {
    sums_ = at::Tensor();
    begun_ = read_ = sums;
    samples_ = sums.samples;
  }
  void add(const MicroBatch& batch) {
    const at::NoGradGuard no_grad;
    const auto loss = batch.loss.to(at::kDouble) * static_cast<double>(batch.samples);
    counts_ = batch.correct.defined();
    const auto values =
        at::stack({loss, counts_ ? batch.correct.to(at::kDouble) : at::zeros_like(loss)});
    if (!sums_.defined()) {
      sums_ = at::tensor({begun_.loss, begun_.correct}, at::kDouble).to(values.device());
    }
    sums_ += values;
    samples_ += batch.samples;
  }
  /// Sums since the epoch began, and since the last call. Waits for the device.
  std::pair<Sums, Sums> read() {
    Sums all{.loss = read_.loss, .correct = read_.correct, .samples = samples_};
    if (sums_.defined()) {
      const auto values = sums_.to(at::kCPU);
      all.loss = values[0].item<double>();
      all.correct = values[1].item<double>();
    }
    const Sums line{.loss = all.loss - read_.loss,
                    .correct = all.correct - read_.correct,
                    .samples = all.samples - read_.samples};
    read_ = all;
    return {all, line};
  }

  /// Percent guessed right, where the task counts that.
  std::optional<double> top1(double correct, std::int64_t samples) const {
    if (!counts_) return std::nullopt;
    return 100 * correct / static_cast<double>(std::max<std::int64_t>(samples, 1));
  }

 private:
  Sums begun_, read_;
  at::Tensor sums_;  ///< (2) float64: Σ loss · samples, guessed right
  std::int64_t samples_ = 0;
  bool counts_ = false;
};

/// Finds the first update whose loss or gradient is not finite without asking the device each time.
class FiniteGuard {
 public:
  void add(std::int64_t update, const at::Tensor& loss, const at::Tensor& norm,
           std::vector<std::int64_t> indices) {
    const auto good = at::isfinite(loss.to(at::kDouble)) & at::isfinite(norm.to(at::kDouble));
    const auto bad = at::where(good, at::full({}, kNever, good.options().dtype(at::kLong)),
                               at::full({}, update, good.options().dtype(at::kLong)));
    first_bad_ = first_bad_.defined() ? at::minimum(first_bad_, bad) : bad;
    recent_.emplace_back(update, std::move(indices));
  }
  /// Waits for the device. The update and its samples, or nothing; forgets what was good.
  std::optional<std::pair<std::int64_t, std::vector<std::int64_t>>> check() {
    if (!first_bad_.defined()) return std::nullopt;
    const auto bad = first_bad_.item<std::int64_t>();
    if (bad != kNever) {
      for (auto& entry : recent_) {
        if (entry.first == bad) return std::move(entry);
      }
    }
    recent_.clear();
    return std::nullopt;
  }

 private:
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();
  at::Tensor first_bad_;
  std::deque<std::pair<std::int64_t, std::vector<std::int64_t>>> recent_;
};

class Run {
 public:
  /// A fresh run.
  Run(Experiment experiment, TrainObserver& observer, const std::atomic<bool>& stop)
      : e_(std::move(experiment)),
        observer_(observer),
        stop_(stop),
        record_(RunRecord::create(e_)) {}
  /// One that goes on from the state in its folder.
  Run(Experiment experiment, const fs::path& state, TrainObserver& observer,
      const std::atomic<bool>& stop)
      : e_(std::move(experiment)),
        observer_(observer),
        stop_(stop),
        at_(load_run_state(state, e_.model(), *e_.optimizer, e_.ema.get())),
        record_(RunRecord::reopen(e_, at_)) {
    observer_.on_note("going on with " + record_.path().string() + " at epoch " +
                      std::to_string(at_.epoch + 1) + ", batch " + std::to_string(at_.batch) +
                      ", update " + std::to_string(at_.update));
  }

  RunResult operator()();

 private:
  bool train_epoch();
  void log_line();
  void finish_epoch();
  void save_state();
  void check_finite();
  void check_weights() const;
  [[noreturn]] void stop_not_finite(const std::string& what, const std::string& where) const;
  double rate() const { return std::ranges::max(e_.optimizer->lrs()); }
  double schedule_time() const {
    return static_cast<double>(e_.schedule->on_updates() ? at_.update : at_.epoch);
  }

  Experiment e_;
  TrainObserver& observer_;
  const std::atomic<bool>& stop_;
  Position at_;
  RunRecord record_;
  Meter meter_;
  FiniteGuard guard_;
  at::Tensor last_norm_;
  Clock::time_point last_save_ = Clock::now();
  // Since the last log line:
  Clock::time_point line_start_;
  double line_wait_ = 0;
  std::int64_t line_samples_ = 0;
};

void Run::check_finite() {
  const auto bad = guard_.check();
  if (!bad) return;
  std::string names;
  constexpr std::size_t kShown = 8;
  for (std::size_t i = 0; i < std::min(kShown, bad->second.size()); ++i) {
    names += "\n    " + e_.task->name_of(bad->second[i]);
  }
  if (bad->second.size() > kShown) {
    names += "\n    and " + std::to_string(bad->second.size() - kShown) + " more";
  }
  stop_not_finite(
      "the loss or its gradient is not a finite number any more",
      "at update " + std::to_string(bad->first) + ". Its " + e_.task->unit() + "s:" + names);
}

/// The last update before a save may have ruined the weights, which only the next loss would tell.
void Run::check_weights() const {
  for (const auto& parameter : e_.model().parameters()) {
    if (at::isfinite(parameter.tensor).all().item<bool>()) continue;
    stop_not_finite(
        "the weights are not finite numbers any more",
        "after update " + std::to_string(at_.update) + ", first '" + parameter.name + "'.");
  }
}

void Run::stop_not_finite(const std::string& what, const std::string& where) const {
  const fs::path good = record_.last_good();
  throw std::runtime_error(
      what + ", in epoch " + std::to_string(at_.epoch + 1) + " " + where +
      "\n  Last good checkpoint: " + (good.empty() ? "none yet" : good.string()) +
      ". Try a lower --lr, a longer --warmup-epochs, --clip-grad 1, or "
      "--no-amp");
}

void Run::save_state() {
  check_finite();
  check_weights();
  save_run_state(record_.state_file(), e_.model(), *e_.optimizer, e_.ema.get(), at_,
                 run_options_to_json(e_.options));
  last_save_ = Clock::now();
}

void Run::log_line() {
  check_finite();
  const auto [epoch, sums] = meter_.read();
  at_.loss_sum = epoch.loss;
  at_.correct = epoch.correct;
  at_.seen = epoch.samples;
  if (sums.samples == 0) return;
  const double elapsed = seconds_since(line_start_);
  const auto n = static_cast<double>(sums.samples);
  StepReport report{.epoch = at_.epoch,
                    .epochs = e_.epochs(),
                    .batch = at_.batch,
                    .batches = e_.batches,
                    .update = at_.update};
  report.loss = sums.loss / n;
  report.top1 = meter_.top1(sums.correct, sums.samples);
  report.unit = e_.task->unit();
  report.lr = rate();
  report.grad_norm = last_norm_.item<double>();
  report.samples_per_second = static_cast<double>(line_samples_) / std::max(elapsed, 1e-9);
  report.wait_share =
      std::clamp((e_.task->wait_seconds() - line_wait_) / std::max(elapsed, 1e-9), 0.0, 1.0);
  const auto left = static_cast<double>((e_.epochs() - at_.epoch) * e_.batches - at_.batch);
  report.eta_seconds =
      left * static_cast<double>(e_.task->samples_per_batch()) / report.samples_per_second;
  observer_.on_step(report);
  record_.log_step(report);
  line_start_ = Clock::now();
  line_wait_ = e_.task->wait_seconds();
  line_samples_ = 0;
}

/// Trains from at_.batch to the end of the epoch; false when stopped on the way.
bool Run::train_epoch() {
  e_.model().train(true);
  const bool overfit = e_.options.overfit_batch;
  e_.task->start(overfit ? 0 : at_.epoch, overfit ? 0 : at_.batch);
  const auto start = Clock::now();
  double counted = 0;  // seconds of this call that at_.seconds holds already
  const auto count_time = [&] {
    const double now = seconds_since(start);
    at_.seconds += now - counted;
    counted = now;
  };
  meter_.start({.loss = at_.loss_sum, .correct = at_.correct, .samples = at_.seen});
  line_start_ = start;
  line_wait_ = 0;
  line_samples_ = 0;

  while (at_.batch < e_.batches) {
    const std::int64_t group = e_.group_size(at_.batch);
    std::vector<std::int64_t> indices;
    at::Tensor loss;
    for (std::int64_t i = 0; i < group; ++i) {
      const auto batch = e_.task->accumulate(1.0 / static_cast<double>(group), overfit);
      meter_.add(batch);
      loss = loss.defined() ? loss + batch.loss : batch.loss;
      indices.insert(indices.end(), batch.indices.begin(), batch.indices.end());
      at_.samples += batch.samples;
      line_samples_ += batch.samples;
    }
    last_norm_ = e_.updates->update(schedule_time());
    at_.batch += group;
    at_.update += 1;
    guard_.add(at_.update, loss, last_norm_, std::move(indices));
    if (e_.ema) e_.ema->update(e_.model(), at_.update);

    const bool last = at_.batch >= e_.batches;
    if (last || at_.update % e_.options.log_every == 0) {
      log_line();
    }
    if (stop_) {
      if (!last) log_line();
      count_time();
      e_.task->stop();
      save_state();
      return false;
    }
    if (!last && e_.options.save_minutes > 0 &&
        seconds_since(last_save_) > 60 * e_.options.save_minutes) {
      log_line();
      count_time();
      save_state();
    }
  }
  count_time();
  return true;
}

void Run::finish_epoch() {
  check_weights();
  EpochReport report;
  report.epoch = at_.epoch;
  report.epochs = e_.epochs();
  const auto seen = static_cast<double>(std::max<std::int64_t>(at_.seen, 1));
  report.train_loss = at_.loss_sum / seen;
  report.train_top1 = meter_.top1(at_.correct, at_.seen);
  report.lr = rate();
  report.seconds = at_.seconds;
  const bool last = at_.epoch + 1 == e_.epochs();
  if (last || (at_.epoch + 1) % e_.options.val_every == 0) {
    const auto evaluate = [&] {
      return e_.task->evaluate(
          [&](std::int64_t done, std::int64_t total) { observer_.on_eval_progress(done, total); });
    };
    report.eval = evaluate();
    if (e_.ema) {
      const Ema::Swapped swapped(*e_.ema, e_.model());
      report.eval_ema = evaluate();
    }
  }
  for (const auto& unreadable : e_.task->unreadable()) record_.note_unreadable(unreadable);
  record_.write_epoch(report, e_);
  at_.keeper = record_.keeper_state();
  at_.epoch += 1;
  at_.batch = 0;
  at_.loss_sum = at_.correct = 0;
  at_.seen = 0;
  save_state();
  observer_.on_epoch(report);
}

RunResult Run::operator()() {
  RunResult result{.folder = record_.path()};
  while (at_.epoch < e_.epochs()) {
    if (!train_epoch()) {
      result.interrupted = true;
      break;
    }
    finish_epoch();
    if (stop_ && at_.epoch < e_.epochs()) {
      result.interrupted = true;
      break;
    }
  }
  result.best = record_.best_metric();
  result.best_epoch = record_.best_epoch();
  result.samples = at_.samples;
  result.unit = e_.task->unit();
  result.seconds = at_.seconds;
  result.flops_per_sample = e_.task->flops_per_sample();
  result.peak_flops = measured_matmul_flops(e_.device.device, e_.options.amp);
  return result;
}

void introduce(const Experiment& e, TrainObserver& observer) {
  observer.on_note("device " + e.device.reason + "; " + std::to_string(e.threads) + " threads");
  observer.on_note(e.task->config().name + ", " + std::to_string(e.model().parameter_count()) +
                   " parameters; " + e.task->describe_data());
  const auto init = e.task->init_report();
  if (!init.empty()) observer.on_note(init);
}

}  // namespace

double EvalReport::at(const std::string& name) const {
  if (name == "loss") return loss;
  for (const auto& [metric, value] : metrics) {
    if (metric == name) return value;
  }
  throw std::out_of_range("no metric is called " + name);
}

RunResult train(const RunOptions& options, TrainObserver& observer, const std::atomic<bool>& stop) {
  auto experiment = make_experiment(options);
  introduce(experiment, observer);
  return Run(std::move(experiment), observer, stop)();
}

nlohmann::json options_of_run(const fs::path& folder) {
  return run_state_options(folder / RunRecord::kStateFile);
}

RunResult resume(const fs::path& folder, const nlohmann::json& changes, TrainObserver& observer,
                 const std::atomic<bool>& stop) {
  RunOptions options;
  apply_run_options(options, options_of_run(folder), (folder / RunRecord::kStateFile).string());
  apply_run_options(options, changes, "command line");
  options.output = folder.string();
  options.init.clear();  // its weights are in the state
  auto experiment = make_experiment(options);
  introduce(experiment, observer);
  return Run(std::move(experiment), folder / RunRecord::kStateFile, observer, stop)();
}

}  // namespace hyena::train
