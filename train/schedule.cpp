#include "train/schedule.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>

#include "backbone/options.h"

namespace hyena::train {
namespace {

class Cosine final : public Schedule {
 public:
  Cosine(const CosineShape& shape, bool on_updates, std::int64_t total_epochs)
      : Schedule(on_updates, total_epochs), shape_(shape) {}
  double lr(double base_lr, double t) const override { return shape_.lr(base_lr, t); }

 private:
  CosineShape shape_;
};

/// Up from 0 over `warmup` updates, then `down(progress)` times the base rate, progress 0 … 1 (and
/// beyond).
class WarmupThen final : public Schedule {
 public:
  using Shape = double (*)(double progress);
  WarmupThen(Shape down, double warmup, double total, std::int64_t total_epochs)
      : Schedule(true, total_epochs), down_(down), warmup_(warmup), total_(total) {}

  double lr(double base_lr, double t) const override {
    if (t < warmup_) return base_lr * (t / std::max(1.0, warmup_));
    return base_lr * down_((t - warmup_) / std::max(1.0, total_ - warmup_));
  }

 private:
  Shape down_;
  double warmup_, total_;
};

class Constant final : public Schedule {
 public:
  Constant(double warmup, double warmup_lr, bool on_updates, std::int64_t total_epochs)
      : Schedule(on_updates, total_epochs), warmup_(warmup), warmup_lr_(warmup_lr) {}
  double lr(double base_lr, double t) const override {
    return t < warmup_ ? warmup_lr_ + t * ((base_lr - warmup_lr_) / warmup_) : base_lr;
  }

 private:
  double warmup_, warmup_lr_;
};

double half_cosine(double progress) {
  return std::max(0.0, 0.5 * (1 + std::cos(std::numbers::pi * progress)));
}
double straight_line(double progress) {
  return std::max(0.0, 1 - progress);
}

struct Span {
  std::int64_t epochs, updates_per_epoch;
  /// How much an epoch is in the schedule's unit.
  double unit(bool on_updates) const {
    return on_updates ? static_cast<double>(updates_per_epoch) : 1;
  }
};

std::unique_ptr<Schedule> cosine(const ScheduleOptions& o, const Span& span) {
  const double unit = span.unit(o.sched_on_updates);
  const CosineShape shape{.t_initial = static_cast<double>(span.epochs) * unit,
                          .lr_min = o.min_lr,
                          .cycle_mul = o.cycle_mul,
                          .cycle_decay = o.cycle_decay,
                          .cycle_limit = o.cycle_limit,
                          .warmup_t = o.warmup_epochs * unit,
                          .warmup_lr_init = o.warmup_lr,
                          .warmup_prefix = o.warmup_prefix,
                          .k_decay = o.k_decay};
  const auto total =
      static_cast<std::int64_t>(std::ceil(shape.length() / unit)) + o.cooldown_epochs;
  return std::make_unique<Cosine>(shape, o.sched_on_updates, total);
}

template <WarmupThen::Shape down>
std::unique_ptr<Schedule> warmup_then(const ScheduleOptions& o, const Span& span) {
  const double unit = span.unit(true);
  return std::make_unique<WarmupThen>(down, std::round(o.warmup_epochs * unit),
                                      static_cast<double>(span.epochs) * unit, span.epochs);
}

std::unique_ptr<Schedule> constant(const ScheduleOptions& o, const Span& span) {
  return std::make_unique<Constant>(o.warmup_epochs * span.unit(o.sched_on_updates), o.warmup_lr,
                                    o.sched_on_updates, span.epochs);
}

struct Entry {
  const char* name;
  std::unique_ptr<Schedule> (*make)(const ScheduleOptions&, const Span&);
};

constexpr Entry kSchedules[] = {
    {"cosine", cosine},
    {"hf_cosine", warmup_then<half_cosine>},
    {"hf_linear", warmup_then<straight_line>},
    {"constant", constant},
};

}  // namespace

double CosineShape::lr(double base_lr, double t) const {
  if (t < warmup_t) return warmup_lr_init + t * ((base_lr - warmup_lr_init) / warmup_t);
  if (warmup_prefix) t -= warmup_t;
  double cycle, cycle_length, begin;
  if (cycle_mul != 1) {
    cycle = std::floor(std::log(1 - t / t_initial * (1 - cycle_mul)) / std::log(cycle_mul));
    cycle_length = std::pow(cycle_mul, cycle) * t_initial;
    begin = (1 - std::pow(cycle_mul, cycle)) / (1 - cycle_mul) * t_initial;
  } else {
    cycle = std::floor(t / t_initial);
    cycle_length = t_initial;
    begin = cycle * t_initial;
  }
  if (cycle >= static_cast<double>(cycle_limit)) return lr_min;
  const double peak = base_lr * std::pow(cycle_decay, cycle);
  const double angle =
      std::numbers::pi * std::pow(t - begin, k_decay) / std::pow(cycle_length, k_decay);
  return lr_min + 0.5 * (peak - lr_min) * (1 + std::cos(angle));
}

double CosineShape::length() const {
  const auto cycles = static_cast<double>(std::max<std::int64_t>(1, cycle_limit));
  const double cosines =
      cycle_mul == 1 ? t_initial * cycles
                     : std::floor(-t_initial * (std::pow(cycle_mul, cycles) - 1) / (1 - cycle_mul));
  return warmup_prefix ? cosines + warmup_t : cosines;
}

std::vector<std::string> schedule_names() {
  std::vector<std::string> names;
  for (const Entry& entry : kSchedules) names.emplace_back(entry.name);
  return names;
}

std::unique_ptr<Schedule> make_schedule(const ScheduleOptions& options, std::int64_t epochs,
                                        std::int64_t updates_per_epoch) {
  if (epochs < 1 || updates_per_epoch < 1) {
    throw backbone::OptionError("schedule: needs at least 1 epoch of at least 1 update, got " +
                                std::to_string(epochs) + " of " +
                                std::to_string(updates_per_epoch));
  }
  if (!options.warmup_prefix && options.warmup_epochs > static_cast<double>(epochs)) {
    throw backbone::OptionError("schedule: warmup_epochs is longer than the run of " +
                                std::to_string(epochs) +
                                " epochs; shorten it, or set warmup_prefix to put it in front");
  }
  for (const Entry& entry : kSchedules) {
    if (options.sched == entry.name) return entry.make(options, {epochs, updates_per_epoch});
  }
  const std::string near = backbone::nearest_name(options.sched, schedule_names());
  throw backbone::OptionError("schedule: no schedule is called '" + options.sched + "'" +
                              (near.empty() ? "" : "; did you mean '" + near + "'?"));
}

}  // namespace hyena::train
