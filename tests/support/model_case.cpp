#include "tests/support/model_case.h"

#include <algorithm>
#include <set>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "backbone/observer.h"
#include "tests/support/files.h"
#include "tests/support/reference_options.h"

namespace hyena::tests {

ModelCase read_model_case(const std::string& folder, const std::string& name) {
  const auto path = golden_dir() / folder / name;
  return {.config = read_config(path / "config.json"),
          .weights = read_tensors(path / "model.safetensors"),
          .io = read_tensors(path / "io.safetensors")};
}

void take_reference_weights(backbone::Module& model, const ModelCase& reference) {
  load_reference(model, reference.weights);
  std::set<std::string> known;
  for (const auto& entry : model.state()) known.insert(entry.name);
  for (const auto& [name, tensor] : reference.weights) {
    EXPECT_TRUE(known.contains(name)) << "the reference has " << name;
  }
  model.train(false);
}

void expect_reference_numbers(backbone::VisionModel& model, const ModelCase& reference) {
  const TensorMap& io = reference.io;
  const auto image = io.at("image").detach().clone().set_requires_grad(true);
  const auto logits = model.forward(image);
  EXPECT_TRUE(close(logits, io.at("logits"), 1e-5));
  const auto loss = at::cross_entropy_loss(logits, io.at("labels"));
  EXPECT_TRUE(close(loss.reshape({1}), io.at("loss").reshape({1}), 1e-6));
  loss.backward();

  expect_reference_gradients(model, reference, image.grad());
}

void expect_reference_gradients(const backbone::Module& model, const ModelCase& reference,
                                const at::Tensor& of_input) {
  double largest = 0;
  for (const auto& [name, tensor] : reference.io) {
    if (name.starts_with("grad.")) largest = std::max(largest, tensor.norm().item<double>());
  }
  ASSERT_GT(largest, 0);
  for (const auto& [name, expected] : reference.io) {
    if (!name.starts_with("grad.")) continue;
    const auto gradient = name == "grad.image" ? of_input : model.find(name.substr(5)).grad();
    ASSERT_TRUE(gradient.defined()) << name;
    const double difference = (gradient - expected).norm().item<double>();
    const double own = (expected.numel() == 1 ? 5e-4 : 1e-4) * expected.norm().item<double>();
    EXPECT_LE(difference, std::max(own, 5e-5 * largest)) << name;
  }
}

TensorMap observed(backbone::VisionModel& model, const at::Tensor& images) {
  const at::NoGradGuard no_grad;
  TensorMap seen;
  const backbone::Observer observer(
      [&](const std::string& name, const at::Tensor& value) { seen[name] = value.clone(); });
  model.forward(images);
  return seen;
}

}  // namespace hyena::tests
