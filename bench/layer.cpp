#include "bench/layer.h"

#include <cmath>
#include <memory>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/cuda.h>

#include "backbone/mixer.h"
#include "backbone/ops/fftconv.h"
#include "bench/sides.h"

namespace hyena::bench {
namespace {

/// A mixer with its input; one call is forward, or forward and backward to input and parameters.
class Layer {
 public:
  Layer(const std::string& kind, std::int64_t batch, const backbone::TokenGrid& grid,
        std::int64_t d_model, at::Device device, bool backward)
      : grid_(grid), backward_(backward) {
    at::manual_seed(1);
    mixer_ = backbone::find_mixer(kind).make({.d_model = d_model, .grid = grid},
                                             nlohmann::json::object());
    mixer_->to(device);
    mixer_->train(backward);
    x_ = at::randn({batch, grid.tokens(), d_model}, at::TensorOptions().device(device));
    dy_ = at::randn_like(x_);
    x_.requires_grad_(backward);
    inputs_ = {x_};
    for (const auto& entry : mixer_->state()) {
      if (entry.tensor.requires_grad()) inputs_.push_back(entry.tensor);
    }
  }
  void call() {
    const at::AutoGradMode mode(backward_);
    const auto y = mixer_->forward(x_, grid_);
    if (backward_) torch::autograd::grad({y}, inputs_, {dy_}, {}, false, /*allow_unused=*/true);
    if (x_.is_cuda()) torch::cuda::synchronize();
  }

 private:
  backbone::TokenGrid grid_;
  bool backward_;
  std::unique_ptr<backbone::Mixer> mixer_;
  at::Tensor x_, dy_;
  std::vector<at::Tensor> inputs_;
};

/// A square where the length is one, else a line.
backbone::TokenGrid grid_of(std::int64_t length) {
  const auto side = static_cast<std::int64_t>(std::llround(std::sqrt(static_cast<double>(length))));
  return side * side == length ? backbone::TokenGrid{side, side, 0}
                               : backbone::TokenGrid{1, length, 0};
}

}  // namespace

void LayerBench::visit(backbone::OptionVisitor& v) {
  v.field("mixer", mixer_, {.help = "ours, as in `hyena models`"});
  v.field("lengths", lengths_, {.help = "tokens", .min = 1});
  v.field("d_model", d_model_, {.help = "channels", .min = 1});
  v.field("batch", batch_, {.help = "sequences", .min = 1});
  v.field("threads", threads_, {.help = "threads of every side", .min = 1});
  v.field("device", device_, {.help = "where it runs", .choices = {"cpu", "cuda"}});
  v.field("composition", composition_, {.help = "time LibTorch's FFT in place of our kernels too"});
  v.field("mixers", mixers_, {.help = "other mixers to time"});
  v.field("rounds", rounds_, {.help = "measurements of each side", .min = 1});
  v.field("seconds", seconds_, {.help = "of a side in a round, at least", .min = 0});
}

nlohmann::json LayerBench::run() {
  at::set_num_threads(static_cast<int>(threads_));
  nlohmann::json rows = nlohmann::json::array();
  for (const std::int64_t length : lengths_) {
    for (const bool backward : {false, true}) {
      const auto make = [&](const std::string& kind) {
        return std::make_shared<Layer>(kind, batch_, grid_of(length), d_model_, at::Device(device_),
                                       backward);
      };
      const auto ours = make(mixer_);
      std::vector<Side> sides = {{"ours", [=] { ours->call(); }}};
      if (composition_) {
        const auto composed = make(mixer_);
        sides.push_back({"torch.fft", [=] {
                           const backbone::Composition composition;
                           composed->call();
                         }});
      }
      for (const std::string& kind : mixers_) {
        const auto other = make(kind);
        sides.push_back({kind, [=] { other->call(); }});
      }
      auto row = compare(sides, {rounds_, seconds_});
      row["pass"] = backward ? "forward+backward" : "forward";
      row["length"] = length;
      rows.push_back(row);
    }
  }
  return {{"bench", "layer"},  {"mixer", mixer_},     {"batch", batch_}, {"channels", d_model_},
          {"device", device_}, {"threads", threads_}, {"rows", rows}};
}

std::string LayerBench::table(const nlohmann::json& result) const {
  std::string text;
  for (const auto& row : result.at("rows")) {
    if (text.empty()) text = head("| " + mixer_ + ", L | B | D | pass |", row);
    text += "| " + row.at("length").dump() + " | " + result.at("batch").dump() + " | " +
            result.at("channels").dump() + " | " + row.at("pass").get<std::string>() + " |" +
            cells(row) + "\n";
  }
  return text;
}

}  // namespace hyena::bench
