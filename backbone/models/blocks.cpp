#include "backbone/models/blocks.h"

#include <charconv>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "backbone/options.h"

namespace hyena::backbone {
namespace {
constexpr double kInitStd = 0.02;
}  // namespace

std::vector<double> drop_path_rates(double rate, std::int64_t depth) {
  const auto steps = at::linspace(0.0, rate, depth, at::kFloat).to(at::kDouble);
  const auto* first = steps.const_data_ptr<double>();
  return {first, first + depth};
}

void initialise_weights(
    Module& module,
    const std::function<bool(const std::string& name, const at::Tensor& weight)>& wanted) {
  constexpr std::string_view kWeight = ".weight", kBias = ".bias";
  const at::NoGradGuard no_grad;
  std::string drawn;  // key of the layer drawn last; its bias follows its weight
  for (const NamedTensor& parameter : module.parameters()) {
    const std::string& name = parameter.name;
    if (name.ends_with(kWeight)) {
      drawn.clear();
      if (!wanted(name, parameter.tensor)) continue;
      trunc_normal_(parameter.tensor, kInitStd);
      drawn = name.substr(0, name.size() - kWeight.size());
    } else if (!drawn.empty() && name.size() == drawn.size() + kBias.size() &&
               name.starts_with(drawn) && name.ends_with(kBias)) {
      parameter.tensor.zero_();
    }
  }
}

void reset_classifier(Linear* classifier, std::int64_t num_classes) {
  if (classifier == nullptr) {
    throw OptionError(
        "this model was built without a classifier; build it with num_classes instead");
  }
  if (num_classes < 1) {
    throw OptionError("a classifier needs at least 1 class, got " + std::to_string(num_classes));
  }
  const at::NoGradGuard no_grad;
  auto weight = at::empty({num_classes, classifier->weight.size(1)});
  trunc_normal_(weight, kInitStd);
  classifier->replace("weight", weight);
  if (classifier->bias.defined()) classifier->replace("bias", at::zeros({num_classes}));
}

std::int64_t index_after(std::string_view name, std::string_view prefix) {
  if (!name.starts_with(prefix)) return -1;
  std::int64_t index = -1;
  name.remove_prefix(prefix.size());
  std::from_chars(name.data(), name.data() + name.size(), index);
  return index;
}

}  // namespace hyena::backbone
