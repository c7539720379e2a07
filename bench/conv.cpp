#include "bench/conv.h"

#include <cmath>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>

#include "backbone/atomic_file.h"
#include "backbone/ops/aten_executor.h"
#include "backbone/ops/fftconv.h"
#include "bench/sides.h"
#include "kernels/fftconv.h"
#include "kernels/fftconv2d.h"

namespace hyena::bench {
namespace {

using backbone::Boundary;
using backbone::Composition;
using backbone::Support;

constexpr std::int64_t kHeadSize = 64;

/// One size of the work: a line of `length` positions, or a grid of side × side.
struct Size {
  std::int64_t batch, length, side, channels;
  bool centred, grid;
};

/// The arguments: q, k, v, dy (B, L, D), taps and bias, and the same in the peer's layout.
struct Arguments {
  explicit Arguments(const Size& s)
      : size(s),
        q(at::randn({s.batch, s.length, s.channels})),
        k(at::randn({s.batch, s.length, s.channels})),
        v(at::randn({s.batch, s.length, s.channels})),
        dy(at::randn({s.batch, s.length, s.channels})),
        h(taps(s)),
        bias(at::randn({s.channels})) {}

  static at::Tensor taps(const Size& s) {
    const auto decay = [](std::int64_t count, bool both) {
      const auto lag = at::arange(count).to(at::kFloat) - static_cast<double>(both ? count / 2 : 0);
      return lag.abs().mul(-4.0 / static_cast<double>(count)).exp();
    };
    if (s.grid) {
      const auto side = decay(2 * s.side - 1, true);
      return at::randn({s.channels, 2 * s.side - 1, 2 * s.side - 1}) * side * side.unsqueeze(1);
    }
    const std::int64_t count = s.centred ? 2 * s.length - 1 : s.length;
    return at::randn({s.channels, count}) * decay(count, s.centred);
  }
  /// (B, L, D) as an argument of the operator: a view.
  at::Tensor signal(const at::Tensor& x) const {
    const auto channels_first = x.transpose(1, 2);
    return size.grid ? channels_first.unflatten(2, {size.side, size.side}) : channels_first;
  }

  Size size;
  at::Tensor q, k, v, dy, h, bias;
};

at::Tensor gated(const Size& s, const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                 const at::Tensor& h, const at::Tensor& bias) {
  if (s.grid) return backbone::gated_fftconv2d(q, k, v, h, bias);
  return backbone::gated_fftconv(q, k, v, h, bias,
                                 s.centred ? Support::kCentred : Support::kCausal);
}

double relative(const at::Tensor& actual, const at::Tensor& exact) {
  const auto difference = actual.to(at::kDouble) - exact;
  return (difference.norm() / exact.norm()).item<double>();
}

/// Our kernels on channels-last memory, the spectrum at hand.
Side our_forward(const Arguments& a) {
  const Size& s = a.size;
  const auto y = at::empty_like(a.v);
  const auto rows = [](const at::Tensor& x) {
    return kernels::ConstRows{x.const_data_ptr(), x.stride(0), x.stride(1)};
  };
  const auto out = [](const at::Tensor& x) {
    return kernels::Rows{x.mutable_data_ptr(), x.stride(0), x.stride(1)};
  };
  const void *h = a.h.const_data_ptr(), *bias = a.bias.const_data_ptr();
  if (s.grid) {
    const std::int64_t side = 2 * s.side - 1;
    const kernels::FilterSpectrum2d spectrum(
        {h, s.channels, side, side, s.side - 1, s.side - 1, side * side, side, 1}, bias,
        {s.side, s.side, false}, s.channels, kernels::Type::kFloat32);
    return {"ours", [=] {
              kernels::fftconv2d_forward(s.batch, kernels::Type::kFloat32, spectrum, rows(a.q),
                                         rows(a.k), rows(a.v), out(y), backbone::AtenExecutor());
            }};
  }
  const std::int64_t taps = a.h.size(1);
  const kernels::FilterSpectrum spectrum({h, s.channels, taps, s.centred ? taps / 2 : 0, taps, 1},
                                         bias, s.length, s.channels, kernels::Type::kFloat32);
  return {"ours", [=] {
            kernels::fftconv_forward({s.batch}, spectrum, rows(a.q), rows(a.k), rows(a.v), out(y),
                                     backbone::AtenExecutor());
          }};
}

/// rfft, product, irfft, skip and gates on contiguous channels-first memory, the spectrum at hand.
Side composed_forward(const Arguments& a) {
  const Size& s = a.size;
  const auto first = [&](const at::Tensor& x) { return a.signal(x).contiguous(); };
  const auto q = first(a.q), k = first(a.k), v = first(a.v);
  if (s.grid) {
    const std::int64_t n = 2 * s.side, shift = s.side - 1;
    const auto spectrum = at::fft_rfft2(a.h, at::IntArrayRef({n, n}));
    const auto skip = a.bias.view({-1, 1, 1});
    const std::int64_t side = s.side;
    // Lags reach both ways: 3 side − 2 points without wrapping, 2 side where only the middle
    // counts.
    return {"torch.fft", [=] {
              const at::NoGradGuard no_grad;
              const auto u = k * v;
              const auto y = at::fft_irfft2(at::fft_rfft2(u, at::IntArrayRef({n, n})) * spectrum,
                                            at::IntArrayRef({n, n}));
              (y.slice(2, shift, shift + side).slice(3, shift, shift + side) + u * skip).mul_(q);
            }};
  }
  const std::int64_t n = 2 * s.length, shift = s.centred ? s.length - 1 : 0, length = s.length;
  const auto spectrum = at::fft_rfft(a.h, n);
  const auto skip = a.bias.view({-1, 1});
  return {"torch.fft", [=] {
            const at::NoGradGuard no_grad;
            const auto u = k * v;
            const auto y = at::fft_irfft(at::fft_rfft(u, n) * spectrum, n);
            (y.slice(2, shift, shift + length) + u * skip).mul_(q);
          }};
}

at::Tensor leaf(const at::Tensor& x) {
  return x.detach().clone().set_requires_grad(true);
}

Side trained(const Arguments& a, bool composed) {
  const Size& s = a.size;
  const auto argument = [&](const at::Tensor& x) {
    return composed ? leaf(a.signal(x).contiguous()) : a.signal(leaf(x));
  };
  // Gradients are taken with respect to what the layer around would hand over.
  const auto q = argument(a.q), k = argument(a.k), v = argument(a.v), h = leaf(a.h),
             bias = leaf(a.bias);
  const auto dy = composed ? a.signal(a.dy).contiguous() : a.signal(a.dy);
  return {composed ? "torch.fft" : "ours", [=] {
            at::Tensor y;
            if (composed) {
              const Composition composition;
              y = gated(s, q, k, v, h, bias);
            } else {
              y = gated(s, q, k, v, h, bias);
            }
            torch::autograd::grad({y}, {q, k, v, h, bias}, {dy});
          }};
}

Side attention(const Arguments& a, bool backward) {
  const Size& s = a.size;
  const auto heads = [&](const at::Tensor& x) {
    return x.unflatten(2, {s.channels / kHeadSize, kHeadSize}).transpose(1, 2).contiguous();
  };
  const auto q = leaf(heads(a.q)), k = leaf(heads(a.k)), v = leaf(heads(a.v)), dy = heads(a.dy);
  const bool causal = !s.grid && !s.centred;
  return {"attention", [=] {
            if (!backward) {
              const at::NoGradGuard no_grad;
              at::scaled_dot_product_attention(q, k, v, {}, 0.0, causal);
              return;
            }
            const auto y = at::scaled_dot_product_attention(q, k, v, {}, 0.0, causal);
            torch::autograd::grad({y}, {q, k, v}, {dy});
          }};
}

}  // namespace

void ConvBench::visit(backbone::OptionVisitor& v) {
  v.field("lengths", lengths_,
          {.help = "sequence lengths; 0 for none", .unit = "positions", .min = 0});
  v.field("grids", grids_, {.help = "sides of square grids, global filters", .min = 1});
  v.field("d_model", d_model_, {.help = "channels", .min = 1});
  v.field("batch", batch_, {.help = "sequences; 0: 4, from 8192 on 2, from 65536 on 1", .min = 0});
  v.field("threads", threads_, {.help = "threads of every side", .min = 1});
  v.field("passes", passes_,
          {.help = "what is timed", .choices = {"both", "forward", "forward+backward"}});
  v.field("centred", centred_, {.help = "bidirectional filters of 2L - 1 taps"});
  v.field("composition", composition_, {.help = "time the composition of LibTorch's FFT too"});
  v.field("attention", attention_, {.help = "time attention too, head size 64"});
  v.field("attention_up_to", attention_up_to_,
          {.help = "longest line whose attention is timed", .unit = "positions", .min = 1});
  v.field("errors", errors_, {.help = "compare with float64"});
  v.field("rounds", rounds_, {.help = "measurements of each side", .min = 1});
  v.field("seconds", seconds_, {.help = "of a side in a round, at least", .min = 0});
  v.field("processor_time", processor_time_,
          {.help = "time on processors, not on the wall: for a machine in use"});
  v.field("csv", csv_, {.help = "file to write length, side and seconds to"});
}

nlohmann::json ConvBench::run() {
  at::set_num_threads(static_cast<int>(threads_));
  at::manual_seed(1);
  std::vector<Size> sizes;
  const auto batch = [&](std::int64_t length) -> std::int64_t {
    if (batch_ > 0) return batch_;
    return length >= 65536 ? 1 : length >= 8192 ? 2 : 4;
  };
  for (const auto length : lengths_) {
    if (length > 0) sizes.push_back({batch(length), length, 0, d_model_, centred_, false});
  }
  for (const auto side : grids_) {
    sizes.push_back({batch(side * side), side * side, side, d_model_, true, true});
  }
  nlohmann::json rows = nlohmann::json::array();
  std::string csv = "pass,length,batch,channels,side,seconds,low,high\n";
  for (const Size& size : sizes) {
    const Arguments a(size);
    const bool attends = attention_ && d_model_ % kHeadSize == 0 && size.length <= attention_up_to_;
    double our_error = -1, composed_error = -1;
    if (errors_) {
      const at::NoGradGuard no_grad;
      const auto value = [&](at::ScalarType type, bool composed) {
        const auto as = [&](const at::Tensor& x) { return a.signal(x.to(type)); };
        std::optional<Composition> composition;
        if (composed) composition.emplace();
        return gated(size, as(a.q), as(a.k), as(a.v), a.h.to(type), a.bias.to(type));
      };
      const auto exact = value(at::kDouble, true);
      our_error = relative(value(at::kFloat, false), exact);
      composed_error = relative(value(at::kFloat, true), exact);
    }
    for (const bool backward : {false, true}) {
      if (passes_ != "both" && (passes_ == "forward") == backward) continue;
      std::vector<Side> sides = {backward ? trained(a, false) : our_forward(a)};
      sides[0].error = our_error;
      if (composition_) {
        sides.push_back(backward ? trained(a, true) : composed_forward(a));
        sides[1].error = composed_error;
      }
      if (attends) sides.push_back(attention(a, backward));
      auto row = compare(sides, {rounds_, seconds_, processor_time_});
      row["pass"] = backward ? "forward+backward" : "forward";
      row["length"] = size.length;
      row["grid"] = size.side;
      row["batch"] = size.batch;
      row["channels"] = size.channels;
      for (const auto& side : row["sides"]) {
        csv += row["pass"].get<std::string>() + "," + std::to_string(size.length) + "," +
               std::to_string(size.batch) + "," + std::to_string(size.channels) + "," +
               side["name"].get<std::string>() + "," + side["seconds"].dump() + "," +
               side["low"].dump() + "," + side["high"].dump() + "\n";
      }
      rows.push_back(row);
    }
  }
  if (!csv_.empty()) backbone::write_file_atomically(csv_, csv);
  return {{"bench", "conv"}, {"threads", threads_}, {"rows", rows}};
}

std::string ConvBench::table(const nlohmann::json& result) const {
  std::string text;
  std::size_t sides = 0;
  for (const auto& row : result.at("rows")) {
    if (row.at("sides").size() != sides) {  // attention ends before the others do
      text += (text.empty() ? "" : "\n") + head("| size | B | D | pass |", row);
      sides = row.at("sides").size();
    }
    const auto grid = row.at("grid").get<std::int64_t>();
    text += "| " +
            (grid ? std::to_string(grid) + "x" + std::to_string(grid)
                  : std::to_string(row.at("length").get<std::int64_t>())) +
            " | " + std::to_string(row.at("batch").get<std::int64_t>()) + " | " +
            std::to_string(row.at("channels").get<std::int64_t>()) + " | " +
            row.at("pass").get<std::string>() + " |" + cells(row) + "\n";
  }
  return text;
}

}  // namespace hyena::bench
