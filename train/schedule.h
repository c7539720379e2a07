#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

/// Learning-rate schedules: pure functions of time, so that a resumed run needs no state of theirs.
namespace hyena::train {

struct ScheduleOptions {
  std::string sched = "cosine";
  bool sched_on_updates = false;
  double warmup_epochs = 0;
  double warmup_lr = 1e-5;
  double min_lr = 0;
  std::int64_t cooldown_epochs = 0;
  bool warmup_prefix = false;
  double cycle_mul = 1;
  double cycle_decay = 0.5;
  std::int64_t cycle_limit = 1;
  double k_decay = 1;

  template <class Visitor>
  void visit(Visitor& v) {
    v.field("sched", sched,
            {.help = "learning-rate schedule",
             .choices = {"cosine", "hf_cosine", "hf_linear", "constant"}});
    v.field("sched_on_updates", sched_on_updates,
            {.help = "the rate changes every update, not every epoch (hf_*: always)"});
    v.field("warmup_epochs", warmup_epochs,
            {.help = "linear warm-up; fractions need sched_on_updates or hf_*",
             .unit = "epochs",
             .min = 0});
    v.field("warmup_lr", warmup_lr, {.help = "rate at the start of the warm-up", .min = 0});
    v.field("min_lr", min_lr, {.help = "rate at the end of a cosine", .min = 0});
    v.field("cooldown_epochs", cooldown_epochs,
            {.help = "epochs at min_lr after the schedule's end", .unit = "epochs", .min = 0});
    v.field("warmup_prefix", warmup_prefix,
            {.help = "the warm-up comes before the epochs instead of being their beginning"});
    v.field("lr_cycle_mul", cycle_mul, {.help = "each cosine cycle is this much longer", .min = 1});
    v.field("lr_cycle_decay", cycle_decay,
            {.help = "each cycle's peak is this much lower", .min = 0});
    v.field("lr_cycle_limit", cycle_limit, {.help = "number of cosine cycles", .min = 1});
    v.field("lr_k_decay", k_decay, {.help = "exponent k of k-decay in the cosine", .min = 0});
  }
};

/// A learning rate as a function of time t, counted in epochs or in optimiser updates.
class Schedule {
 public:
  virtual ~Schedule() = default;

  /// The rate at time t for a parameter group whose peak rate is `base_lr`, before the group's
  /// lr_scale.
  virtual double lr(double base_lr, double t) const = 0;

  /// What t counts: true for optimiser updates, false for epochs. t starts at 0.
  bool on_updates() const { return on_updates_; }

  /// Epochs to train: those asked for and further cycles, warm-up prefix and cooldown.
  std::int64_t total_epochs() const { return total_epochs_; }

 protected:
  Schedule(bool on_updates, std::int64_t total_epochs)
      : on_updates_(on_updates), total_epochs_(total_epochs) {}

 private:
  bool on_updates_;
  std::int64_t total_epochs_;
};

/// timm's CosineLRScheduler (cycles: SGDR, Loshchilov & Hutter 2017; k-decay: Zhang & Li 2020).
/// Times are in the unit of t. After the last cycle the rate stays at lr_min.
struct CosineShape {
  double t_initial = 1;  ///< length of the first cycle, > 0
  double lr_min = 0;
  double cycle_mul = 1;
  double cycle_decay = 1;
  std::int64_t cycle_limit = 1;
  double warmup_t = 0;
  double warmup_lr_init = 0;
  bool warmup_prefix = false;  ///< false: the warm-up covers the beginning of the cosine
  double k_decay = 1;

  double lr(double base_lr, double t) const;
  /// Until the end of the last cycle, a prefixed warm-up included.
  double length() const;
};

/// The schedule called options.sched, over `epochs` epochs of `updates_per_epoch` optimiser
/// updates:
/// - cosine: CosineShape, by epochs or by updates (timm's create_scheduler_v2);
/// - hf_cosine, hf_linear: Hugging Face's get_{cosine,linear}_schedule_with_warmup, from 0 up to
/// the
///   base rate and down to 0, by updates;
/// - constant: the base rate after the warm-up.
/// Throws backbone::OptionError for an unknown name (naming the nearest) or a warm-up that is
/// longer than the run.
std::unique_ptr<Schedule> make_schedule(const ScheduleOptions& options, std::int64_t epochs,
                                        std::int64_t updates_per_epoch);

std::vector<std::string> schedule_names();

}  // namespace hyena::train
