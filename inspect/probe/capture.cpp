#include "inspect/probe/capture.h"

#include <algorithm>
#include <functional>
#include <set>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "backbone/models/language_block.h"
#include "backbone/observer.h"

namespace hyena::inspect {
namespace {

/// Observed names → taps, and layers passed → progress.
class TapNames {
 public:
  TapNames(const OpenedSubject& subject, const Progress& progress)
      : subject_(subject), progress_(progress) {}

  std::string operator()(const std::string& observed) {
    const auto& layers = subject_.layers();
    for (std::size_t i = 0; i < layers.size(); ++i) {
      const std::string& name = layers[i].name;
      if (!observed.starts_with(name + ".")) continue;
      const auto layer = static_cast<std::int64_t>(i);
      if (layer != passed_) report(progress_, "layer", layer, std::ssize(layers));
      passed_ = layer;
      return name + "/" + observed.substr(name.size() + 1);
    }
    return observed;
  }

 private:
  const OpenedSubject& subject_;
  const Progress& progress_;
  std::int64_t passed_ = -1;
};

Captured record(OpenedSubject& subject, const at::Tensor& input,
                const std::vector<std::string>& taps, const Progress& progress,
                const std::function<at::Tensor(const at::Tensor&)>& keep) {
  const std::set<std::string> wanted(taps.begin(), taps.end());
  TapNames tap_of(subject, progress);
  Captured out;
  std::string tap;  // of the name that was asked for last
  {
    const backbone::Observer observer(
        [&](const std::string&, const at::Tensor& value) { out.tensors[tap] = keep(value); },
        [&](const std::string& name) { return wanted.contains(tap = tap_of(name)); });
    out.output = run_model(subject, subject.place(input));
  }
  for (const std::string& name : wanted) {
    if (out.tensors.contains(name)) continue;
    throw backbone::OptionError("the model has no tap '" + name +
                                "'; list_taps() names those that there are");
  }
  const auto layers = std::ssize(subject.layers());
  report(progress, "layer", layers, layers);
  return out;
}

}  // namespace

std::string tap_name(const OpenedLayer& layer, const std::string& tensor) {
  return layer.name + "/" + tensor;
}

at::Tensor run_model(OpenedSubject& subject, const at::Tensor& input) {
  if (subject.facts().vision()) return subject.vision().forward(input);
  auto& model = subject.language();
  if (!at::isFloatingType(input.scalar_type())) return model.forward(input);
  backbone::ResidualStream stream{input, {}};
  const auto& blocks = model.blocks();
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    // As the model names them itself.
    const std::string& layer = subject.layers()[i].name;
    const backbone::ObserverScope scope(layer.substr(0, layer.rfind('.')));
    stream = blocks[i]->forward(stream);
    backbone::observe("hidden", stream.hidden);
    backbone::observe("residual", stream.residual);
  }
  return model.head(model.finish(stream));
}

std::vector<std::string> list_taps(OpenedSubject& subject, const at::Tensor& input,
                                   const Progress& progress) {
  const at::NoGradGuard no_grad;
  TapNames tap_of(subject, progress);
  std::vector<std::string> names;
  const backbone::Observer observer([](const std::string&, const at::Tensor&) {},
                                    [&](const std::string& name) {
                                      const auto tap = tap_of(name);
                                      if (std::ranges::count(names, tap) == 0) names.push_back(tap);
                                      return false;
                                    });
  run_model(subject, subject.place(input));
  return names;
}

Captured capture(OpenedSubject& subject, const at::Tensor& input,
                 const std::vector<std::string>& taps, const Progress& progress,
                 const CaptureOptions& options) {
  const at::NoGradGuard no_grad;
  return record(subject, input, taps, progress, [&](const at::Tensor& value) {
    return options.half ? value.to(at::kHalf).contiguous() : value.clone().contiguous();
  });
}

Captured capture_graph(OpenedSubject& subject, const at::Tensor& input,
                       const std::vector<std::string>& taps, const Progress& progress) {
  const at::AutoGradMode gradients(true);
  return record(subject, input, taps, progress, [](const at::Tensor& value) {
    if (value.requires_grad()) value.retain_grad();
    return value;
  });
}

}  // namespace hyena::inspect
