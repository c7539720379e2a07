#include "train/optimizer.h"

#include <cmath>
#include <functional>

#include <ATen/TensorOperators.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/ones.h>
#include <gtest/gtest.h>

#include "backbone/options.h"
#include "tests/support/files.h"
#include "tests/support/tensors.h"
#include "train/gradient_clip.h"

namespace hyena::train {
namespace {

using nlohmann::json;
using tests::close;

backbone::NamedTensor parameter(const std::string& name, const at::Tensor& value) {
  backbone::NamedTensor out;
  out.name = name;
  out.tensor = value.clone().set_requires_grad(true);
  out.is_parameter = true;
  return out;
}

json runs() {
  const auto file = tests::golden_dir() / "train" / "optimizers.json";
  if (!std::filesystem::exists(file)) return json::object();
  return tests::read_config(file).at("runs");
}

std::vector<std::string> run_names() {
  std::vector<std::string> names;
  const json all = runs();
  for (const auto& [name, run] : all.items()) names.push_back(name);
  return names;
}

const std::map<std::string, std::string> kNames = {
    {"torch.optim.adamw.AdamW", "adamw"},
    {"torch.optim.adam.Adam", "adam"},
    {"torch.optim.sgd.SGD", "sgd"},
    {"timm.optim.lamb.Lamb", "lamb"},
    {"timm.optim.lion.Lion", "lion"},
    {"timm.optim.nadamw.NAdamW", "nadamw"},
    {"timm.optim.rmsprop_tf.RMSpropTF", "rmsprop_tf"},
    {"sl.JITLamb", "safari_lamb"},
};

/// The options as the run gave them; what it left out stays at our defaults.
OptimizerOptions options_of(const json& run) {
  OptimizerOptions options{.opt = kNames.at(run.at("class"))};
  options.nesterov = false;  // of torch's SGD, where timm's and ours is true
  for (const auto& [key, value] : run.items()) {
    if (key == "betas") options.betas = value.get<std::vector<double>>();
    if (key == "eps") options.eps = value;
    if (key == "momentum") options.momentum = value;
    if (key == "nesterov") options.nesterov = value;
    if (key == "max_grad_norm") options.max_grad_norm = value.is_null() ? 0 : value.get<double>();
    if (key == "trust_clip") options.trust_clip = value;
    if (key == "always_adapt") options.always_adapt = value;
    if (key == "bias_correction") options.bias_correction = value;
  }
  return options;
}

class GoldenOptimizer : public testing::TestWithParam<std::string> {};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(GoldenOptimizer);

TEST_P(GoldenOptimizer, EqualsTheReferenceAfterEveryStep) {
  const json run = runs().at(GetParam());
  if (!kNames.contains(run.at("class"))) GTEST_SKIP() << "no optimiser for " << run.at("class");
  const auto t = tests::read_tensors(tests::golden_dir() / "train" / "optimizers.safetensors");
  const double lr = run.at("lr");
  std::vector<ParameterGroup> groups = {
      {.name = "decay",
       .parameters = {parameter("w", t.at("p0.w")), parameter("k", t.at("p0.k"))},
       .base_lr = lr,
       .weight_decay = run.at("weight_decay")},
      {.name = "no_decay", .parameters = {parameter("b", t.at("p0.b"))}, .base_lr = lr}};
  const auto optimizer = make_optimizer(groups, options_of(run));
  for (int i = 0; t.contains("grad" + std::to_string(i) + ".w"); ++i) {
    for (const auto& group : optimizer->groups()) {
      for (const auto& p : group.parameters) {
        p.tensor.mutable_grad() = t.at("grad" + std::to_string(i) + "." + p.name).clone();
      }
    }
    optimizer->step();
    for (const auto& group : optimizer->groups()) {
      for (const auto& p : group.parameters) {
        const std::string key = GetParam() + ".step" + std::to_string(i + 1) + "." + p.name;
        EXPECT_TRUE(close(p.tensor, t.at(key), 1e-10)) << key;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, GoldenOptimizer, testing::ValuesIn(run_names()),
                         [](const auto& run) { return tests::test_name(run.param); });

/// Cases "clip_norm_X" and "agc_X": the gradients of step 1 after clipping at X.
TEST(GoldenClip, EqualsTheReference) {
  const auto file = tests::golden_dir() / "train" / "optimizers.safetensors";
  HYENA_REQUIRE_FOLDER(file);
  const auto t = tests::read_tensors(file);
  int cases = 0;
  for (const auto& [key, expected] : t) {
    const bool norm = key.starts_with("clip_norm_");
    if (!(norm || key.starts_with("agc_")) || !key.ends_with(".w")) continue;
    ++cases;
    const std::string stem = key.substr(0, key.size() - 2);
    std::vector<backbone::NamedTensor> parameters;
    for (const char* name : {"w", "b", "k"}) {
      parameters.push_back(parameter(name, t.at(std::string("p0.") + name)));
      parameters.back().tensor.mutable_grad() = t.at(std::string("grad0.") + name).clone();
    }
    const double limit = std::stod(stem.substr(stem.rfind('_') + 1));
    const auto total =
        clip_gradients(parameters, {.clip_grad = limit, .clip_mode = norm ? "norm" : "agc"});
    if (norm) {
      EXPECT_TRUE(close(total.reshape({1}), t.at(stem + ".total_norm"), 1e-12)) << stem;
    }
    for (const auto& p : parameters) {
      EXPECT_TRUE(close(p.tensor.grad(), t.at(stem + "." + p.name), 1e-10)) << stem << p.name;
    }
  }
  EXPECT_GE(cases, 3);
}

TEST(ClipGradients, ByValueCutsElementsAndReturnsTheNormBefore) {
  auto p = parameter("w", at::ones({3}));
  p.tensor.mutable_grad() = at::ones({3}).cumsum(0).neg_();  // −1, −2, −3
  const auto norm = clip_gradients({p}, {.clip_grad = 2, .clip_mode = "value"});
  EXPECT_FLOAT_EQ(norm.item<float>(), std::sqrt(14.0f));
  EXPECT_TRUE(close(p.tensor.grad(), at::ones({3}).cumsum(0).clamp_max_(2).neg_(), 1e-7));
}

TEST(ClipGradients, AgcLeavesTheHeadAlone) {
  std::vector<backbone::NamedTensor> parameters;
  for (const char* name : {"stem.weight", "head.weight", "header.weight"}) {
    parameters.push_back(parameter(name, at::ones({2, 2})));
    parameters.back().tensor.mutable_grad() = at::ones({2, 2});
  }
  clip_gradients(parameters, {.clip_grad = 0.5, .clip_mode = "agc"});
  EXPECT_TRUE(close(parameters[0].tensor.grad(), at::ones({2, 2}) * 0.5, 1e-6));
  EXPECT_TRUE(at::equal(parameters[1].tensor.grad(), at::ones({2, 2})));
  EXPECT_TRUE(close(parameters[2].tensor.grad(), at::ones({2, 2}) * 0.5, 1e-6));
}

class EveryOptimizer : public testing::TestWithParam<std::string> {
 protected:
  /// Two groups of odd shapes; "late" gets a gradient in every other step only.
  static std::vector<ParameterGroup> groups(at::ScalarType dtype) {
    at::Tensor w = at::ones({5, 3}).cumsum(0).mul_(0.3).to(dtype);
    at::Tensor late = at::ones({4, 1, 2}).cumsum(0).mul_(-0.2).to(dtype);
    at::Tensor b = at::ones({7}).cumsum(0).sub_(3.5).to(dtype);
    return {{.name = "decay",
             .parameters = {parameter("w", w), parameter("late", late)},
             .base_lr = 0.02,
             .weight_decay = 0.1},
            {.name = "no_decay", .parameters = {parameter("b", b)}, .base_lr = 0.01}};
  }

  static void feed(const Optimizer& optimizer, int step) {
    for (const auto& group : optimizer.groups()) {
      for (const auto& p : group.parameters) {
        const bool skip = p.name == "late" && step % 2 == 0;
        p.tensor.mutable_grad() =
            skip ? at::Tensor() : (p.tensor.detach() * (1.3 + step)).sin_().add_(0.1 * step);
      }
    }
  }

  std::unique_ptr<Optimizer> make(at::ScalarType dtype = at::kFloat) const {
    return make_optimizer(groups(dtype), {.opt = GetParam()});
  }

  static bool equal(const Optimizer& a, const Optimizer& b) {
    bool same = true;
    for (std::size_t g = 0; g < a.groups().size(); ++g) {
      for (std::size_t p = 0; p < a.groups()[g].parameters.size(); ++p) {
        same = same &&
               at::equal(a.groups()[g].parameters[p].tensor, b.groups()[g].parameters[p].tensor);
      }
    }
    return same;
  }
};

TEST_P(EveryOptimizer, ResumesBitForBit) {
  const auto straight = make();
  const auto first = make();
  const auto second = make();
  for (int step = 0; step < 7; ++step) {
    feed(*straight, step);
    straight->step();
    if (step == 4) {
      // A file would hold copies of the state and of the weights.
      std::map<std::string, at::Tensor> saved;
      for (const auto& [name, tensor] : first->state()) saved[name] = tensor.clone();
      second->load_state(saved);
      for (std::size_t g = 0; g < 2; ++g) {
        for (std::size_t p = 0; p < first->groups()[g].parameters.size(); ++p) {
          second->groups()[g].parameters[p].tensor.set_data(
              first->groups()[g].parameters[p].tensor.detach().clone());
        }
      }
    }
    Optimizer& resumed = step < 4 ? *first : *second;
    feed(resumed, step);
    resumed.step();
  }
  EXPECT_TRUE(equal(*straight, *second));
  EXPECT_FALSE(equal(*straight, *first));
  EXPECT_EQ(straight->state().at("w.step").item<int>(), 7);
  EXPECT_EQ(straight->state().at("late.step").item<int>(), 3);
}

TEST_P(EveryOptimizer, GradientsOfAnotherLayoutGiveTheSameStep) {
  const auto a = make();
  const auto b = make();
  for (int step = 0; step < 3; ++step) {
    feed(*a, step);
    feed(*b, step);
    at::Tensor w = b->groups()[0].parameters[0].tensor;
    w.mutable_grad() = w.grad().t().contiguous().t();
    a->step();
    b->step();
  }
  EXPECT_TRUE(equal(*a, *b));
}

TEST_P(EveryOptimizer, FloatFollowsDouble) {
  const auto single = make(at::kFloat);
  const auto twice = make(at::kDouble);
  for (int step = 0; step < 5; ++step) {
    feed(*single, step);
    feed(*twice, step);
    single->step();
    twice->step();
  }
  const auto& w = single->groups()[0].parameters[0].tensor;
  EXPECT_EQ(w.scalar_type(), at::kFloat);
  EXPECT_TRUE(close(w, twice->groups()[0].parameters[0].tensor, 1e-5));
}

TEST_P(EveryOptimizer, RateZeroMovesNothing) {
  const auto optimizer = make();
  const auto untouched = make();
  optimizer->set_lrs(std::vector<double>{0, 0});
  for (int step = 0; step < 3; ++step) {
    feed(*optimizer, step);
    optimizer->step();
  }
  EXPECT_TRUE(equal(*optimizer, *untouched));
}

std::vector<std::string> all_names() {
  std::vector<std::string> names;
  for (const auto& entry : optimizer_registry()) names.emplace_back(entry.name);
  return names;
}
INSTANTIATE_TEST_SUITE_P(All, EveryOptimizer, testing::ValuesIn(all_names()),
                         [](const auto& name) { return name.param; });

/// what() of the exception that f throws.
std::string message(const std::function<void()>& f) {
  try {
    f();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "nothing was thrown";
}

std::vector<ParameterGroup> one_group() {
  return {{.name = "decay", .parameters = {parameter("w", at::ones({2}))}, .base_lr = 0.1}};
}

TEST(MakeOptimizer, SaysWhatIsWrong) {
  EXPECT_EQ(message([] { make_optimizer(one_group(), {.opt = "adamv"}); }),
            "optimizer: none is called 'adamv'; did you mean 'adamw'?");
  EXPECT_EQ(message([] { make_optimizer(one_group(), {.betas = {0.9}}); }),
            "optimizer: opt_betas needs two numbers, got 1");
  EXPECT_EQ(message([] {
              make_optimizer(one_group(), {.betas = {0.9, 1}});
            }),
            "optimizer: opt_betas must be at least 0 and below 1");
  EXPECT_EQ(message([] { make_optimizer(one_group(), {.opt = "sgd", .dampening = 0.1}); }),
            "optimizer: sgd with nesterov takes no dampening; set one to off");
  EXPECT_EQ(message([] {
              auto groups = one_group();
              groups.push_back(groups[0]);
              make_optimizer(groups, {});
            }),
            "optimizer: parameter 'w' stands in two groups");
  EXPECT_EQ(message([] {
              auto groups = one_group();
              groups[0].parameters[0].tensor = at::ones({4, 4}).slice(1, 0, 2);
              make_optimizer(groups, {});
            }),
            "optimizer: parameter 'w' is a strided view; make it contiguous");
  EXPECT_EQ(message([] {
              make_optimizer(one_group(), {})->set_lrs(std::vector<double>{0.1, 0.2});
            }),
            "optimizer: 2 rates for 1 parameter groups");
}

TEST(OptimizerState, RefusesAnotherModelsStateAndStaysAsItWas) {
  const auto optimizer = make_optimizer(one_group(), {});
  optimizer->groups()[0].parameters[0].tensor.mutable_grad() = at::ones({2});
  optimizer->step();
  const auto good = optimizer->state();
  auto bad = good;
  bad.erase("w.exp_avg");
  EXPECT_EQ(message([&] { optimizer->load_state(bad); }),
            "optimizer state: 'w.exp_avg' is missing; it belongs to another model or optimiser");
  bad = good;
  bad["w.exp_avg"] = at::ones({3});
  EXPECT_EQ(
      message([&] { optimizer->load_state(bad); }),
      "optimizer state: 'w.exp_avg' has another shape; it belongs to another model or optimiser");
  bad = good;
  bad["v.step"] = good.at("w.step");
  EXPECT_EQ(message([&] { optimizer->load_state(bad); }),
            "optimizer state: 'v.step' is not expected; it belongs to another model or optimiser");
  EXPECT_EQ(optimizer->state().at("w.step").item<int>(), 1);
  EXPECT_TRUE(at::equal(optimizer->state().at("w.exp_avg"), good.at("w.exp_avg")));
}

}  // namespace
}  // namespace hyena::train
