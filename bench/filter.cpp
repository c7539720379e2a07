#include "bench/filter.h"

#include <optional>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>

#include "backbone/hyena_filter.h"
#include "backbone/ops/fftconv.h"
#include "bench/sides.h"

namespace hyena::bench {
namespace {

using backbone::Composition;
using backbone::HyenaFilter;

double relative(const at::Tensor& actual, const at::Tensor& exact) {
  return ((actual.to(at::kDouble) - exact).norm() / exact.norm()).item<double>();
}

/// The taps, and behind them the gradients of all parameters where `backward`.
std::vector<at::Tensor> evaluate(HyenaFilter& filter, std::int64_t length, const at::Tensor& dh,
                                 bool composed, bool backward) {
  std::optional<Composition> composition;
  if (composed) composition.emplace();
  if (!backward) {
    const at::NoGradGuard no_grad;
    return {filter.forward(length)};
  }
  std::vector<at::Tensor> parameters;
  for (const auto& p : filter.parameters()) {
    if (p.tensor.requires_grad() && p.name != "bias") parameters.push_back(p.tensor);
  }
  const auto h = filter.forward(length);
  auto out = torch::autograd::grad({h}, parameters, {dh.to(h.scalar_type())});
  out.insert(out.begin(), h.detach());
  return out;
}

/// The largest of the errors.
double error(const std::vector<at::Tensor>& actual, const std::vector<at::Tensor>& exact) {
  double largest = 0;
  for (std::size_t i = 0; i < actual.size(); ++i) {
    largest = std::max(largest, relative(actual[i], exact[i]));
  }
  return largest;
}

}  // namespace

void FilterBench::visit(backbone::OptionVisitor& v) {
  v.field("lengths", lengths_, {.help = "taps of a filter", .unit = "positions", .min = 1});
  v.field("d_model", d_model_, {.help = "filters", .min = 1});
  v.field("emb_dim", emb_dim_, {.help = "positional features E, odd", .min = 3});
  v.field("filter_order", filter_order_, {.help = "width F of the MLP", .min = 1});
  v.field("num_inner_mlps", num_inner_mlps_, {.help = "hidden layers of the MLP", .min = 0});
  v.field("w", w_, {.help = "frequency of its sines"});
  v.field("threads", threads_, {.help = "threads of both sides", .min = 1});
  v.field("rounds", rounds_, {.help = "measurements of each side", .min = 1});
  v.field("seconds", seconds_, {.help = "of a side in a round, at least", .min = 0});
}

nlohmann::json FilterBench::run() {
  at::set_num_threads(static_cast<int>(threads_));
  at::manual_seed(1);
  backbone::HyenaFilterOptions options;
  options.emb_dim = emb_dim_;
  options.filter_order = filter_order_;
  options.num_inner_mlps = num_inner_mlps_;
  options.w = w_;
  nlohmann::json rows = nlohmann::json::array();
  for (const auto channels : d_model_) {
    for (const auto length : lengths_) {
      HyenaFilter filter(channels, length, options);
      const auto dh = at::randn({1, length, channels});
      for (const bool backward : {false, true}) {
        filter.to(at::kDouble);
        const auto exact = evaluate(filter, length, dh, /*composed=*/true, backward);
        filter.to(at::kFloat);
        std::vector<Side> sides;
        for (const bool composed : {false, true}) {
          sides.push_back({composed ? "LibTorch" : "ours",
                           [&, composed] { evaluate(filter, length, dh, composed, backward); },
                           error(evaluate(filter, length, dh, composed, backward), exact)});
        }
        auto row = compare(sides, {rounds_, seconds_});
        row["pass"] = backward ? "forward+backward" : "forward";
        row["length"] = length;
        row["channels"] = channels;
        rows.push_back(row);
      }
    }
  }
  return {{"bench", "filter"}, {"threads", threads_}, {"rows", rows}};
}

std::string FilterBench::table(const nlohmann::json& result) const {
  std::string text;
  for (const auto& row : result.at("rows")) {
    if (text.empty()) text = head("| K | D | pass |", row);
    text += "| " + std::to_string(row.at("length").get<std::int64_t>()) + " | " +
            std::to_string(row.at("channels").get<std::int64_t>()) + " | " +
            row.at("pass").get<std::string>() + " |" + cells(row) + "\n";
  }
  return text;
}

}  // namespace hyena::bench
