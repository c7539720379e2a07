#include <map>
#include <memory>
#include <set>
#include <string>

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "backbone/language_model.h"
#include "tests/support/files.h"
#include "tests/support/model_case.h"
#include "tests/support/reference_options.h"
#include "tests/support/tensors.h"
#include "train/train_step.h"

namespace hyena::train {
namespace {

using nlohmann::json;
using tests::close;

/// The model of a case in double precision with its initial weights; none for a kind of model that
/// is not here.
std::unique_ptr<backbone::Model> starting_model(const std::string& name,
                                                const tests::ModelCase& run) {
  backbone::ModelConfig config;
  if (name.starts_with("safari_lm")) {
    config = {.name = "causal_lm", .options = tests::safari_lm_options(run.config)};
    config.options["embed_dropout"] = 0;  // the reference ran without
    config.options["mixer_options"]["filter_lr"] =
        run.config.at("groups").at("filter").at("base_lr");
    auto model = tests::build_reference<backbone::LanguageModel>(run, config);
    model->to(at::kDouble);
    return model;
  }
  if (name.starts_with("safari_vit")) {
    config = {.name = "safari_vit", .options = tests::safari_vit_options(run.config)};
  } else if (name.starts_with("timm_vit")) {
    config = {.name = "vit", .options = tests::timm_vit_options(run.config)};
  } else {
    return nullptr;
  }
  config.options["drop_path"] = 0;  // the reference ran without
  auto model = tests::build_reference(run, config);
  model->to(at::kDouble);
  return model;
}

/// What a run was shown, and at what it aimed.
struct Batches {
  explicit Batches(const tests::ModelCase& run) {
    const bool text = run.io.contains("input_ids");
    inputs = text ? run.io.at("input_ids") : run.io.at("images").to(at::kDouble);
    targets = run.io.at(text ? "targets" : "labels");
  }
  at::Tensor inputs, targets;  ///< step first
};

/// Adds the gradients of some samples, `share` of an update; returns the loss.
at::Tensor accumulate(backbone::Model& model, const at::Tensor& inputs, const at::Tensor& targets,
                      double share, double smoothing) {
  if (auto* language = dynamic_cast<backbone::LanguageModel*>(&model)) {
    EXPECT_EQ(smoothing, 0);
    const auto loss = language->loss(inputs, targets, /*chunk=*/31);
    (loss * share).backward();
    return loss.detach();
  }
  return accumulate_gradients(dynamic_cast<backbone::VisionModel&>(model),
                              make_loss({.loss = "ce", .smoothing = smoothing}), inputs, targets,
                              share)
      .loss;
}

/// Members, rate and decay of each group must be the reference's, in its order.
void expect_groups(const std::vector<ParameterGroup>& ours, const json& theirs) {
  ASSERT_EQ(ours.size(), theirs.size());
  for (const ParameterGroup& group : ours) {
    SCOPED_TRACE(group.name);
    const json& expected = theirs.at(group.name);
    EXPECT_EQ(group.base_lr, expected.at("base_lr").get<double>());
    EXPECT_EQ(group.weight_decay, expected.at("weight_decay").get<double>());
    std::set<std::string> names;
    for (const auto& parameter : group.parameters) names.insert(parameter.name);
    EXPECT_EQ(names, expected.at("names").get<std::set<std::string>>());
  }
}

class GoldenRun : public testing::TestWithParam<std::string> {};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(GoldenRun);

TEST_P(GoldenRun, EveryStepAndTheTrainedWeights) {
  const auto run = tests::read_model_case("training", GetParam());
  const auto model = starting_model(GetParam(), run);
  if (!model) GTEST_SKIP() << "no model here is of the kind of " << GetParam();
  const json& config = run.config;
  const json& groups = config.at("groups");
  ASSERT_EQ(config.at("optimizer").at("name"), "AdamW");

  GroupOptions group_options{.lr = groups.at("decay").at("base_lr"),
                             .weight_decay = groups.at("decay").at("weight_decay")};
  // The reference's groups go by names and dimensions alone.
  group_options.decay_listed = true;
  const auto optimizer =
      make_optimizer(make_parameter_groups(*model, group_options),
                     {.opt = "adamw",
                      .betas = config.at("optimizer").at("betas").get<std::vector<double>>(),
                      .eps = config.at("optimizer").at("eps")});
  expect_groups(optimizer->groups(), groups);
  ASSERT_EQ(optimizer->groups().front().name, "decay");

  const json& times = config.at("schedule");
  const auto steps = times.at("total_steps").get<std::int64_t>();
  const auto schedule =
      make_schedule({.sched = "cosine",
                     .sched_on_updates = true,
                     .warmup_epochs = times.at("warmup_steps").get<double>() / double(steps),
                     .warmup_lr = times.at("warmup_lr"),
                     .min_lr = times.at("min_lr")},
                    /*epochs=*/1, /*updates_per_epoch=*/steps);
  const double smoothing = config.at("label_smoothing");
  Updates updates(*model, *optimizer, *schedule,
                  {.clip_grad = config.at("optimizer").at("clip_grad_norm"), .clip_mode = "norm"});

  model->train(true);
  const Batches data(run);
  const auto losses = at::empty({steps}, at::kDouble), norms = at::empty_like(losses);
  const auto lrs = at::empty_like(run.io.at("lrs"));
  ASSERT_EQ(lrs.size(1), static_cast<std::int64_t>(optimizer->groups().size()));
  for (std::int64_t t = 0; t < steps; ++t) {
    losses[t].copy_(accumulate(*model, data.inputs[t], data.targets[t], 1, smoothing));
    norms[t].copy_(updates.update(static_cast<double>(t)));
    for (std::int64_t g = 0; g < lrs.size(1); ++g) {
      lrs[t][g].fill_(optimizer->lrs()[static_cast<std::size_t>(g)]);
    }
  }
  EXPECT_TRUE(close(losses, run.io.at("losses"), 1e-8));
  EXPECT_TRUE(close(norms, run.io.at("grad_norms"), 1e-8));
  EXPECT_TRUE(close(lrs, run.io.at("lrs"), 1e-8));

  std::set<std::string> trained;
  for (const auto& [name, expected] : run.io) {
    if (!name.starts_with("final.")) continue;
    trained.insert(name.substr(6));
    EXPECT_TRUE(close(model->find(name.substr(6)), expected, 1e-6)) << name;
  }
  std::set<std::string> grouped;
  for (const auto& [name, group] : groups.items()) {
    for (const std::string member : group.at("names")) grouped.insert(member);
  }
  EXPECT_EQ(trained, grouped);
}

/// A gradient in two halves is the gradient: the run does not notice.
TEST_P(GoldenRun, AccumulatedHalvesAreOneStep) {
  const auto run = tests::read_model_case("training", GetParam());
  const auto whole = starting_model(GetParam(), run), halves = starting_model(GetParam(), run);
  if (!whole) GTEST_SKIP() << "no model here is of the kind of " << GetParam();
  const Batches data(run);
  const auto inputs = data.inputs[0], targets = data.targets[0];
  if (inputs.size(0) % 2 != 0) GTEST_SKIP() << "its batches of one have no halves";
  const auto schedule = make_schedule({.sched = "constant"}, 1, 1);
  at::Tensor norms[2];
  for (int i = 0; i < 2; ++i) {
    auto& model = i == 0 ? *whole : *halves;
    const auto optimizer = make_optimizer(make_parameter_groups(model, {.lr = 1e-3}), {});
    Updates updates(model, *optimizer, *schedule, {.clip_grad = 1.0});
    model.train(true);
    for (const auto& part : i == 0 ? std::vector{0} : std::vector{0, 1}) {
      const std::int64_t n = i == 0 ? inputs.size(0) : inputs.size(0) / 2;
      const auto aims = targets.narrow(0, part * n, n);
      // Each half weighs as many targets as count in it.
      const auto counted = [](const at::Tensor& t) {
        return static_cast<double>(t.ne(-100).sum().item<std::int64_t>());
      };
      accumulate(model, inputs.narrow(0, part * n, n), aims, counted(aims) / counted(targets), 0);
    }
    norms[i] = updates.update(0);
  }
  EXPECT_TRUE(close(norms[1], norms[0], 1e-10));
  for (const auto& p : whole->parameters()) {
    EXPECT_TRUE(close(halves->find(p.name), p.tensor, 1e-9)) << p.name;
  }
}

INSTANTIATE_TEST_SUITE_P(Folder, GoldenRun,
                         testing::ValuesIn(tests::golden_cases("training", /*folders=*/true)),
                         [](const auto& name) { return tests::test_name(name.param); });

}  // namespace
}  // namespace hyena::train
