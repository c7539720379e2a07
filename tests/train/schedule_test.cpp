#include "train/schedule.h"

#include <cmath>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "backbone/options.h"
#include "tests/support/files.h"
#include "tests/support/tensors.h"
#include "train/parameter_groups.h"

namespace hyena::train {
namespace {

using nlohmann::json;

json cases() {
  const auto file = tests::golden_dir() / "train" / "schedules.json";
  return std::filesystem::exists(file) ? json::parse(tests::read_file(file)) : json::array();
}

double norm_of_difference(const std::vector<double>& a, const std::vector<double>& b) {
  double difference = 0, norm = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference += (a[i] - b[i]) * (a[i] - b[i]);
    norm += b[i] * b[i];
  }
  return std::sqrt(difference / norm);
}

/// timm's CosineLRScheduler, by its argument names.
CosineShape shape_of(const json& args) {
  return {.t_initial = args.at("t_initial"),
          .lr_min = args.value("lr_min", 0.0),
          .cycle_mul = args.value("cycle_mul", 1.0),
          .cycle_decay = args.value("cycle_decay", 1.0),
          .cycle_limit = args.value("cycle_limit", 1),
          .warmup_t = args.value("warmup_t", 0.0),
          .warmup_lr_init = args.value("warmup_lr_init", 0.0),
          .warmup_prefix = args.value("warmup_prefix", false),
          .k_decay = args.value("k_decay", 1.0)};
}

class GoldenSchedule : public testing::TestWithParam<json> {};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(GoldenSchedule);

TEST_P(GoldenSchedule, EqualsTheReference) {
  const json& c = GetParam();
  const json& args = c.at("args");
  const std::string reference = c.at("reference");
  std::function<double(double)> lr;
  std::unique_ptr<Schedule> schedule;
  const double base = c.at("base_lr");
  if (reference.ends_with("CosineLRScheduler")) {
    lr = [shape = shape_of(args), base](double t) { return shape.lr(base, t); };
    EXPECT_EQ(lr(0), c.at("lr_after_construction").get<double>());
  } else if (reference.ends_with("create_scheduler_v2")) {
    const ScheduleOptions options{.sched = args.at("sched"),
                                  .sched_on_updates = !args.value("step_on_epochs", true),
                                  .warmup_epochs = args.at("warmup_epochs"),
                                  .warmup_lr = args.at("warmup_lr"),
                                  .min_lr = args.at("min_lr"),
                                  .cooldown_epochs = args.at("cooldown_epochs"),
                                  .warmup_prefix = args.value("warmup_prefix", false)};
    schedule = make_schedule(options, args.at("num_epochs"), args.value("updates_per_epoch", 1));
    EXPECT_EQ(schedule->total_epochs(), c.at("num_epochs_total").get<int>());
    EXPECT_EQ(schedule->on_updates(), c.at("unit") == "update");
  } else if (reference.starts_with("transformers hf_")) {
    const ScheduleOptions options{
        .sched = reference.find("cosine") != std::string::npos ? "hf_cosine" : "hf_linear",
        .warmup_epochs = args.at("num_warmup_steps")};
    schedule = make_schedule(options, args.at("num_training_steps"), 1);
    EXPECT_TRUE(schedule->on_updates());
  } else {
    GTEST_SKIP() << "no schedule like " << reference;
  }
  if (schedule) lr = [&](double t) { return schedule->lr(base, t); };
  std::vector<double> rates;
  for (const double t : c.at("t")) rates.push_back(lr(t));
  EXPECT_LE(norm_of_difference(rates, c.at("lr")), 1e-12);
}

std::vector<json> all_cases() {
  return cases().get<std::vector<json>>();
}
INSTANTIATE_TEST_SUITE_P(All, GoldenSchedule, testing::ValuesIn(all_cases()),
                         [](const auto& run) { return tests::test_name(run.param.at("name")); });

/// The rates of the reference's whole optimisation runs: one column a parameter group.
class GoldenTrainingRates : public testing::TestWithParam<std::string> {};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(GoldenTrainingRates);

TEST_P(GoldenTrainingRates, EqualTheReference) {
  const auto folder = tests::golden_dir() / "training" / GetParam();
  const json config = tests::read_config(folder / "config.json");
  const json& schedule = config.at("schedule");
  if (schedule.at("name") != "cosine by optimiser step, warm-up inside") {
    GTEST_SKIP() << "no schedule like " << schedule.at("name");
  }
  const int steps = schedule.at("total_steps");
  const auto made =
      make_schedule({.sched_on_updates = true,
                     .warmup_epochs = schedule.at("warmup_steps").get<double>() / steps,
                     .warmup_lr = schedule.at("warmup_lr"),
                     .min_lr = schedule.at("min_lr")},
                    1, steps);
  const auto lrs = tests::read_tensors(folder / "io.safetensors").at("lrs");
  const std::vector<std::string> order = {"decay", "no_decay", "filter"};
  std::vector<double> rates, expected;
  for (std::int64_t step = 0; step < lrs.size(0); ++step) {
    std::int64_t column = 0;
    for (const auto& name : order) {
      if (!config.at("groups").contains(name)) continue;
      rates.push_back(made->lr(config.at("groups").at(name).at("base_lr"), double(step)));
      expected.push_back(lrs[step][column++].item<double>());
    }
    EXPECT_EQ(column, lrs.size(1));
  }
  EXPECT_LE(norm_of_difference(rates, expected), 1e-12);
}

INSTANTIATE_TEST_SUITE_P(All, GoldenTrainingRates,
                         testing::ValuesIn(tests::golden_cases("training", true)),
                         [](const auto& run) { return tests::test_name(run.param); });

TEST(Schedule, ConstantHoldsAfterItsWarmUp) {
  const auto schedule =
      make_schedule({.sched = "constant", .warmup_epochs = 2, .warmup_lr = 0.1}, 5, 100);
  EXPECT_FALSE(schedule->on_updates());
  EXPECT_EQ(schedule->total_epochs(), 5);
  EXPECT_DOUBLE_EQ(schedule->lr(1, 0), 0.1);
  EXPECT_DOUBLE_EQ(schedule->lr(1, 1), 0.55);
  EXPECT_DOUBLE_EQ(schedule->lr(1, 2), 1);
  EXPECT_DOUBLE_EQ(schedule->lr(1, 4), 1);
}

TEST(Schedule, CyclesPrefixAndCooldownCountInTheTotal) {
  EXPECT_EQ(make_schedule({.cooldown_epochs = 3, .cycle_limit = 2}, 10, 7)->total_epochs(), 23);
  EXPECT_EQ(make_schedule({.cycle_mul = 2, .cycle_limit = 3}, 10, 7)->total_epochs(), 70);
  EXPECT_EQ(make_schedule({.warmup_epochs = 4, .warmup_prefix = true}, 10, 7)->total_epochs(), 14);
}

TEST(Schedule, ScaledRatesFollowTheGroups) {
  const auto schedule = make_schedule({.sched = "constant"}, 1, 1);
  std::vector<ParameterGroup> groups(2);
  groups[0].base_lr = 0.4;
  groups[1].base_lr = 0.2;
  groups[1].lr_scale = 0.25;
  EXPECT_EQ(scheduled_lrs(*schedule, groups, 0), (std::vector<double>{0.4, 0.05}));
}

std::string message(const ScheduleOptions& options, std::int64_t epochs = 10) {
  try {
    make_schedule(options, epochs, 10);
  } catch (const backbone::OptionError& error) {
    return error.what();
  }
  return "nothing was thrown";
}

TEST(Schedule, SaysWhatIsWrong) {
  EXPECT_EQ(message({.sched = "hf_cosin"}),
            "schedule: no schedule is called 'hf_cosin'; did you mean 'hf_cosine'?");
  EXPECT_EQ(message({.warmup_epochs = 11}),
            "schedule: warmup_epochs is longer than the run of 10 epochs; shorten it, or set "
            "warmup_prefix to put it in front");
  EXPECT_EQ(message({}, 0), "schedule: needs at least 1 epoch of at least 1 update, got 0 of 10");
}

}  // namespace
}  // namespace hyena::train
