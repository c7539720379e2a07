#include "train/run_record.h"

#include <algorithm>

#include "backbone/atomic_file.h"
#include "backbone/options.h"

namespace hyena::train {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

json eval_json(const EvalReport& eval) {
  json out = {{"loss", eval.loss}};
  for (const auto& [name, value] : eval.metrics) out[name] = value;
  return out;
}

/// What `best` is chosen by: as asked for, or the task's first measure.
std::string metric_name(const Experiment& e) {
  if (e.options.eval_metric != "auto") return e.options.eval_metric;
  const auto names = e.task->metrics();
  return std::string(e.task->unit()) == "picture" ? names.front() : "loss";
}

bool larger_is_better(const std::string& metric) {
  return metric.starts_with("top");
}

std::optional<double> metric_of(const EpochReport& report, const std::string& name) {
  if (!report.eval) return std::nullopt;
  return report.eval->at(name);
}

}  // namespace

fs::path ema_sibling(const fs::path& checkpoint) {
  return checkpoint.parent_path() /
         (checkpoint.stem().string() + "-ema" + checkpoint.extension().string());
}

RunRecord::RunRecord(const Experiment& e, RunFolder folder, const Position& position)
    : folder_(std::move(folder)),
      keeper_({.keep = e.options.checkpoint_hist,
               .larger_is_better = larger_is_better(metric_name(e))}),
      update_(position.update) {
  if (!position.keeper.is_null()) {
    for (const auto& orphan : keeper_.restore(position.keeper, path())) {
      fs::remove(path() / orphan);
      fs::remove(ema_sibling(path() / orphan));
    }
  }
  summary_ = std::make_unique<SummaryCsv>(
      folder_.summary(), summary_columns(e.task->metrics(), e.ema != nullptr), position.epoch);
  log_ = std::make_unique<JsonLog>(folder_.log(), position.update);
  events_ = std::make_unique<EventFile>(path(), position.update);
}

RunRecord RunRecord::create(const Experiment& e) {
  const auto& o = e.options;
  auto folder = o.output.empty() ? RunFolder::create("output", o.model, e.model().input_size())
                                 : RunFolder(o.output);
  if (fs::exists(folder.path() / kStateFile) || fs::exists(folder.summary())) {
    throw backbone::OptionError(folder.path().string() +
                                " holds a run already; go on with it by --resume " +
                                folder.path().string() + ", or name another --output");
  }
  auto args = run_options_to_json(o);
  args["output"] = "";  // a second run from this file must not land on the first
  backbone::write_file_atomically(folder.args(), to_toml(args));
  return RunRecord(e, std::move(folder), {});
}

RunRecord RunRecord::reopen(const Experiment& e, const Position& position) {
  RunFolder folder(e.options.output);
  backbone::remove_abandoned_files(folder.path());
  return RunRecord(e, std::move(folder), position);
}

fs::path RunRecord::last_good() const {
  if (fs::exists(state_file())) return state_file();
  return fs::exists(folder_.last()) ? folder_.last() : fs::path();
}

void RunRecord::log_step(const StepReport& r) {
  update_ = r.update;
  const std::string rate = std::string(r.unit) + "s_per_second";
  json line = {{"kind", "step"},           {"step", r.update},
               {"epoch", r.epoch},         {"batch", r.batch},
               {"loss", r.loss},           {"lr", r.lr},
               {"grad_norm", r.grad_norm}, {rate, r.samples_per_second},
               {"data_wait", r.wait_share}};
  std::vector<std::pair<std::string, double>> scalars = {{"train/loss", r.loss},
                                                         {"train/lr", r.lr},
                                                         {"train/grad_norm", r.grad_norm},
                                                         {"train/" + rate, r.samples_per_second}};
  if (r.top1) {
    line["top1"] = *r.top1;
    scalars.emplace_back("train/top1", *r.top1);
  }
  log_->add(line);
  events_->add(r.update, scalars);
}

void RunRecord::note_unreadable(const std::string& picture) {
  if (std::ranges::find(unreadable_, picture) != unreadable_.end()) return;
  unreadable_.push_back(picture);
  log_->add({{"kind", "unreadable"}, {"step", update_}, {"picture", picture}});
}

void RunRecord::write_epoch(EpochReport& report, const Experiment& e) {
  const auto decision = keeper_.add(report.epoch, metric_of(report, metric_name(e)));
  report.best = decision.is_best;
  json results = {{"epoch", report.epoch},
                  {"epochs", report.epochs},
                  {"train_loss", report.train_loss},
                  {"recipe", e.options.recipe},
                  {"data", e.options.data}};
  if (report.eval) results["eval"] = eval_json(*report.eval);
  if (report.eval_ema) results["eval_ema"] = eval_json(*report.eval_ema);
  for (const auto& name : decision.write) {
    e.task->save(path() / name, results);
    if (e.ema) {
      const Ema::Swapped swapped(*e.ema, e.model());
      e.task->save(ema_sibling(path() / name), results);
    }
  }
  for (const auto& name : decision.remove) {
    fs::remove(path() / name);
    fs::remove(ema_sibling(path() / name));
  }

  std::map<std::string, double> row = {{"train_loss", report.train_loss}, {"lr", report.lr}};
  std::vector<std::pair<std::string, double>> scalars = {{"epoch/train_loss", report.train_loss}};
  json line = {{"kind", "epoch"},
               {"step", update_},
               {"epoch", report.epoch},
               {"train_loss", report.train_loss},
               {"lr", report.lr}};
  if (report.train_top1) line["train_top1"] = *report.train_top1;
  const auto add = [&](const EvalReport& eval, const std::string& suffix) {
    row["eval" + suffix + "_loss"] = eval.loss;
    line["eval" + suffix] = eval_json(eval);
    scalars.emplace_back("eval" + suffix + "/loss", eval.loss);
    for (const auto& [name, value] : eval.metrics) {
      row["eval" + suffix + "_" + name] = value;
      scalars.emplace_back("eval" + suffix + "/" + name, value);
    }
  };
  if (report.eval) add(*report.eval, "");
  if (report.eval_ema) add(*report.eval_ema, "_ema");
  summary_->add(report.epoch, row);
  log_->add(line);
  events_->add(update_, scalars);
}

}  // namespace hyena::train
