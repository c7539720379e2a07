#include "backbone/import.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "backbone/layers.h"
#include "tests/support/files.h"
#include "tests/support/tensors.h"

namespace hyena::backbone {
namespace {

/// A filter whose sine frequency stands under three keys, as in Hyena's implicit filter.
class Filter : public Module {
 public:
  Filter() {
    freq = add_parameter("1.freq", at::randn({1, 4}));
    add_alias("3.freq", "1.freq");
    add_alias("5.freq", "1.freq");
  }
  at::Tensor freq;
};

class Net : public Module {
 public:
  Net() {
    make_child<Linear>("blocks.0.mixer.in_proj", 3, 4);
    filter = &make_child<Filter>("blocks.0.mixer.filter");
    make_child<Linear>("head", 4, 2);
    count = add_buffer("count", at::full({}, 7, at::kLong));
  }
  Filter* filter;
  at::Tensor count;
};

/// Weights for a Net under its own keys, aliases left out.
TensorMap weights() {
  return {{"blocks.0.mixer.in_proj.weight", at::randn({4, 3})},
          {"blocks.0.mixer.in_proj.bias", at::randn({4})},
          {"blocks.0.mixer.filter.1.freq", at::randn({1, 4})},
          {"head.weight", at::randn({2, 4})},
          {"head.bias", at::randn({2})},
          {"count", at::full({}, 11, at::kLong)}};
}

TensorMap renamed(const TensorMap& tensors,
                  const std::function<std::string(const std::string&)>& rename) {
  TensorMap out;
  for (const auto& [name, tensor] : tensors) out.emplace(rename(name), tensor);
  return out;
}

void expect_equal(const Net& net, const TensorMap& expected) {
  for (const auto& [name, tensor] : expected) {
    EXPECT_TRUE(net.find(name).detach().equal(tensor)) << name;
  }
}

std::string error_of(Net& net, const TensorMap& tensors) {
  try {
    load_weights(net, tensors, "w.safetensors");
    return "";
  } catch (const ImportError& error) {
    return error.what();
  }
}

TEST(Import, ReadsAFileWithItsOwnKeys) {
  const tests::TemporaryFolder folder;
  const auto tensors = weights();
  write_tensors(folder / "w.safetensors", tensors);
  Net net;
  const SafetensorsFile file(folder / "w.safetensors");
  const auto report = load_weights(net, file);
  EXPECT_TRUE(report.complete());
  EXPECT_EQ(report.mapped.size(), 6U);
  EXPECT_EQ(report.text(), file.name() + ": 6 of the model's 6 tensors loaded\n");
  expect_equal(net, tensors);
  EXPECT_TRUE(net.filter->freq.requires_grad());
  EXPECT_EQ(net.count.item<std::int64_t>(), 11) << "members of a module must see the new values";
}

TEST(Import, TakesWrappersOffTheKeys) {
  const auto tensors = weights();
  for (const std::string prefix :
       {"module.", "model.", "_orig_mod.", "state_dict.", "state_dict_ema.",
        "state_dict.module._orig_mod.", "module.model."}) {
    Net net;
    load_weights(net, renamed(tensors, [&](const auto& name) { return prefix + name; }), "w");
    expect_equal(net, tensors);
  }
}

TEST(Import, TakesTheLayerOfActivationCheckpointingOut) {
  const auto tensors = weights();
  Net net;
  load_weights(net,
               renamed(tensors,
                       [](std::string name) {
                         if (const auto at = name.find(".mixer."); at != name.npos) {
                           name.insert(at + 7, "layer.");
                         }
                         return "model." + name;
                       }),
               "w");
  expect_equal(net, tensors);
}

/// A module whose own key has the word that is taken out elsewhere.
class Unit : public Module {
 public:
  Unit() { make_child<Linear>("mixer.layer.proj", 1, 1); }
};

TEST(Import, AKeyOfTheModelIsTakenAsItStands) {
  Unit unit;
  const auto weight = at::randn({1, 1}), bias = at::randn({1});
  load_weights(unit, {{"mixer.layer.proj.weight", weight}, {"mixer.layer.proj.bias", bias}}, "w");
  EXPECT_TRUE(unit.find("mixer.layer.proj.weight").detach().equal(weight));
}

TEST(Import, AcceptsASharedTensorUnderAnyOfItsNames) {
  for (const std::string name : {"1.freq", "3.freq", "5.freq"}) {
    auto tensors = weights();
    auto entry = tensors.extract("blocks.0.mixer.filter.1.freq");
    const at::Tensor freq = entry.mapped();
    entry.key() = "blocks.0.mixer.filter." + name;
    tensors.insert(std::move(entry));
    Net net;
    load_weights(net, tensors, "w");
    EXPECT_TRUE(net.filter->freq.detach().equal(freq)) << name;
  }
}

TEST(Import, AcceptsASharedTensorUnderAllItsNamesIfTheyAgree) {
  auto tensors = weights();
  const at::Tensor freq = tensors.at("blocks.0.mixer.filter.1.freq");
  tensors["blocks.0.mixer.filter.3.freq"] = freq.clone();
  tensors["blocks.0.mixer.filter.5.freq"] = freq.clone();
  Net net;
  EXPECT_TRUE(load_weights(net, tensors, "w").complete());
  tensors["blocks.0.mixer.filter.5.freq"] = freq + 1;
  EXPECT_EQ(error_of(net, tensors),
            "cannot load w.safetensors into this model: 1 with two different contents "
            "(blocks.0.mixer.filter.1.freq and blocks.0.mixer.filter.5.freq). It belongs to "
            "another model or to other options: `hyena inspect w.safetensors` shows which; --init "
            "takes over what fits");
}

TEST(Import, ConvertsFloatingPointNumbers) {
  const auto tensors = weights();
  for (const auto type : {at::kHalf, at::kBFloat16, at::kDouble}) {
    TensorMap converted;
    for (const auto& [name, tensor] : tensors) {
      converted[name] = tensor.is_floating_point() ? tensor.to(type) : tensor;
    }
    Net net;
    const auto report = load_weights(net, converted, "w");
    EXPECT_EQ(net.find("head.weight").scalar_type(), at::kFloat);
    EXPECT_TRUE(net.find("head.weight").detach().equal(converted["head.weight"].to(at::kFloat)));
    const std::string name(dtype_name(dtype_of(type)));
    EXPECT_EQ(report.converted.at({name, "F32"}), 5);
    EXPECT_EQ(report.text(),
              "w: 6 of the model's 6 tensors loaded\n  5 converted from " + name + " to F32\n");
  }
  Net wide;
  wide.to(at::kDouble);
  load_weights(wide, tensors, "w");
  EXPECT_EQ(wide.find("head.weight").scalar_type(), at::kDouble);
  EXPECT_TRUE(wide.find("head.weight").detach().equal(tensors.at("head.weight").to(at::kDouble)));
}

TEST(Import, RefusesNumbersOfAnotherKind) {
  auto tensors = weights();
  tensors["count"] = at::full({}, 7.0);
  Net net;
  EXPECT_EQ(error_of(net, tensors),
            "cannot load w.safetensors into this model: 1 of another shape or kind (count: file [] "
            "F32, model [] I64). It belongs to another model or to other options: `hyena inspect "
            "w.safetensors` shows which; --init takes over what fits");
}

TEST(Import, RefusesAnotherModelAndLeavesThisOneAlone) {
  Net net;
  const auto before = net.find("blocks.0.mixer.in_proj.bias").detach().clone();
  auto tensors = weights();
  tensors.erase("head.bias");
  tensors["head.weight"] = at::randn({10, 4});
  for (const char* extra : {"a", "b", "c", "d"}) tensors[extra] = at::randn({1});
  EXPECT_EQ(error_of(net, tensors),
            "cannot load w.safetensors into this model: 1 of the model's 6 tensors missing "
            "(head.bias); 4 unexpected (a, b, c, …); 1 of another shape or kind (head.weight: file "
            "[10, 4] F32, model [2, 4] F32). It belongs to another model or to other options: "
            "`hyena inspect w.safetensors` shows which; --init takes over what fits");
  EXPECT_TRUE(net.find("blocks.0.mixer.in_proj.bias").detach().equal(before));
  EXPECT_EQ(error_of(net, {{"conv1.weight", at::randn({1})}, {"fc.bias", at::randn({1})}}),
            "cannot load w.safetensors into this model: none of the file's 2 tensors "
            "(conv1.weight, fc.bias) is one of the model's 6 (blocks.0.mixer.in_proj.weight, "
            "blocks.0.mixer.in_proj.bias, blocks.0.mixer.filter.1.freq, …). It belongs to another "
            "model or to other options: `hyena inspect w.safetensors` shows which; --init takes "
            "over what fits");
}

TEST(Import, TakesWhatFitsWhenNotStrict) {
  Net net;
  const auto head = net.find("head.weight").detach().clone();
  auto tensors = weights();
  tensors.erase("count");
  tensors["head.weight"] = at::randn({10, 4});
  tensors["extra"] = at::randn({1});
  const auto report = load_weights(net, tensors, "w", {.strict = false});
  EXPECT_TRUE(net.find("head.weight").detach().equal(head));
  EXPECT_TRUE(net.find("head.bias").detach().equal(tensors["head.bias"]));
  EXPECT_EQ(report.text(),
            "w: 4 of the model's 6 tensors loaded\n"
            "  not in the file (1):\n"
            "    count\n"
            "  not in the model (1):\n"
            "    extra\n"
            "  of another shape or kind (1):\n"
            "    head.weight: file [10, 4] F32, model [2, 4] F32\n");
}

TEST(Import, ChoosesBetweenRawAndAveragedWeights) {
  const auto raw = weights(), average = weights();
  auto both = renamed(raw, [](const auto& name) { return "state_dict." + name; });
  both.merge(renamed(average, [](const auto& name) { return "state_dict_ema.module." + name; }));
  Net net;
  const auto report = load_weights(net, both, "w");
  expect_equal(net, raw);
  EXPECT_EQ(report.ignored, 6);
  load_weights(net, both, "w", {.ema = true});
  expect_equal(net, average);
}

TEST(Import, ReadsTheWeightsOfEveryReferenceModel) {
  // The module tree is made from the file, so this tests the reader and the matching of keys that
  // are stored twice, not the models.
  for (const std::string family : {"safari_vit", "timm_vit", "hyenapixel"}) {
    for (const std::string& name : tests::golden_cases(family, /*folders=*/true)) {
      const auto path = tests::golden_dir() / family / name / "model.safetensors";
      const auto expected = tests::read_tensors(path);
      struct Copy : Module {
        explicit Copy(const tests::TensorMap& tensors) {
          for (const auto& [key, tensor] : tensors) {
            if (key.ends_with(".3.freq") || key.ends_with(".5.freq")) continue;
            add_parameter(key, at::zeros_like(tensor));
            if (!key.ends_with(".1.freq")) continue;
            for (const char* number : {"3", "5"}) {
              const std::string other = key.substr(0, key.size() - 6) + number + ".freq";
              const auto found = tensors.find(other);
              if (found == tensors.end()) continue;
              if (found->second.equal(tensor)) {
                add_alias(other, key);
              } else {
                add_parameter(other, at::zeros_like(tensor));
              }
            }
          }
        }
      } copy(expected);
      const SafetensorsFile file(path);
      EXPECT_TRUE(load_weights(copy, file).complete()) << name;
      for (const auto& [key, tensor] : expected) {
        EXPECT_TRUE(copy.find(key).detach().equal(tensor)) << name << " " << key;
      }
    }
  }
}

}  // namespace
}  // namespace hyena::backbone
