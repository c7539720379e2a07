#include <algorithm>
#include <string>

#include "kernels/cuda/filter_steps.cuh"

namespace hyena::kernels::cuda {
namespace filter {
namespace {

/// Divides a position's taps by the sum of their magnitudes. One warp a position.
struct Normalize {
  static constexpr int kThreads = 128, kMinBlocks = 1;
  struct Args {
    float* h;
    std::int64_t channel, tap;
    int positions, channels;
  };
  static HYENA_DEVICE void run(const Args& a) {
    const int p = block_index() * (kThreads / 32) + warp_index();
    if (p >= a.positions) return;
    float* h = a.h + p * a.tap;
    float sum = 0;
    for (int c = lane_index(); c < a.channels; c += 32) {
      const float x = load(h + c * a.channel);
      sum += x < 0 ? -x : x;
    }
    for (int mask = 16; mask > 0; mask /= 2) sum += shuffle_xor(sum, mask);
    for (int c = lane_index(); c < a.channels; c += 32) {
      store(h + c * a.channel, load(h + c * a.channel) / sum);
    }
  }
};

[[noreturn]] void refuse(const char* function, const std::string& why) {
  throw ArgumentError(std::string(function) + ": " + why);
}

}  // namespace

void check(const char* function, const FilterShape& s, const FilterParameters& p) {
  const auto size = [&](std::int64_t value, const char* what) {
    if (value < 1 || value > INT32_MAX) {
      refuse(function,
             std::string(what) + " must be 1 to 2147483647, got " + std::to_string(value));
    }
  };
  size(s.positions, "positions");
  size(s.features, "features");
  size(s.width, "width");
  size(s.channels, "channels");
  if (s.type != Type::kFloat32) refuse(function, "filters on the GPU are float32");
  const auto there = [&](const void* data, const std::string& what) {
    if (data == nullptr) refuse(function, what + " is absent");
  };
  there(p.z.data, "z");
  there(p.weight, "weight");
  if (p.layers.empty()) refuse(function, "there must be at least one sine layer");
  for (std::size_t i = 0; i < p.layers.size(); ++i) {
    const std::string layer = "layer " + std::to_string(i) + ": ";
    there(p.layers[i].weight, layer + "weight");
    there(p.layers[i].bias, layer + "bias");
    there(p.layers[i].freq, layer + "freq");
  }
  if ((p.t == nullptr) != (p.delta == nullptr)) refuse(function, "a window needs t and delta");
  if (p.t == nullptr && p.shift != nullptr) {
    refuse(function, "there is a shift, but no window to shift");
  }
}

void Block::sine_layer(std::size_t layer, const Matrix& from, float* u, float* x,
                       Stream stream) const {
  const auto& l = parameters.layers[layer];
  product(from, layer_weight(layer),
          Sine{floats(l.bias), floats(l.freq), u, x, static_cast<int>(shape.width)}, stream);
}

}  // namespace filter

std::size_t filter_forward_workspace(const FilterShape& s, std::size_t layers) {
  return (layers > 1 ? 2 : 1) * filter::aligned(filter::block_of(s) * s.width);
}

void filter_forward(const FilterShape& shape, const FilterParameters& parameters, Taps h,
                    void* workspace, Stream stream) {
  filter::check("filter_forward", shape, parameters);
  if (!h || h.rows != shape.channels || h.count != shape.positions) {
    filter::refuse("filter_forward", "h must be " + std::to_string(shape.channels) + " rows of " +
                                         std::to_string(shape.positions) + " taps");
  }
  auto* const x = filter::floats(workspace);
  auto* const other = x + filter::aligned(filter::block_of(shape) * shape.width) / sizeof(float);
  for (std::int64_t first = 0; first < shape.positions; first += filter::kPositions) {
    const auto count = static_cast<int>(std::min(shape.positions - first, filter::kPositions));
    const filter::Block block{shape, parameters, first, count};
    filter::Matrix from = block.features();
    for (std::size_t i = 0; i < parameters.layers.size(); ++i) {
      float* to = i % 2 == 0 ? x : other;
      block.sine_layer(i, from, nullptr, to, stream);
      from = block.hidden(to);
    }
    float* taps = filter::floats(h.data) + first * h.tap;
    product(from, block.weight(), filter::Windowed{block.window(), taps, h.channel, h.tap}, stream);
    if (shape.normalized) {
      constexpr int kWarps = filter::Normalize::kThreads / 32;
      launch<filter::Normalize>({taps, h.channel, h.tap, count, static_cast<int>(shape.channels)},
                                (count + kWarps - 1) / kWarps, 1, 0, stream);
    }
  }
}

}  // namespace hyena::kernels::cuda
