#include <string>

#include "kernels/cuda/elements.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/short_conv.h"
#include "kernels/cuda/short_conv_gradient.h"
#include "kernels/cuda/short_conv_tile.cuh"

namespace hyena::kernels::cuda {
namespace short_conv {
namespace {

/// y = x correlated with the taps, or with the taps turned around.
template <class T>
struct Correlate {
  static constexpr int kThreads = kBlock, kMinBlocks = 8;
  struct Args {
    Tiles tiles;
    Strided<const T> x;
    Strided<T> y;
    const float* weight;
    const float* bias;
    bool turned;
  };

  static HYENA_DEVICE void run(const Args& a) {
    const Tiles& t = a.tiles;
    const int group = block_index() % t.groups;
    const TileAt at = tile_at(t, group, block_index() / t.groups);
    const int taps = t.kernel_height * t.kernel_width;
    float* weight = shared_memory<float>();  // (taps, planes)
    float* tile = weight + taps * t.planes;
    for (int n = thread_index(); n < taps * t.planes; n += kBlock) {
      const int tap = n / t.planes;
      const std::int64_t channel = at.channel + (n - tap * t.planes);
      store(weight + n, channel < t.channels
                            ? load(a.weight + channel * taps + (a.turned ? taps - 1 - tap : tap))
                            : 0.0F);
    }
    load_tile(t, a.x, at, tile);
    barrier();

    // A thread's outputs lie below each other, or a step apart in one row.
    const int height = t.step_row != 0 ? t.tile_height / kTogether : t.tile_height;
    const int width = t.channels_last ? t.tile_width / kTogether : t.tile_width;
    const int along = t.step_row != 0 ? 1 << t.lanes_log2 : kTogether << t.lanes_log2;
    const int step = t.step_row * t.row_pitch + t.step_column * t.column_pitch;
    for_each(t, height, width, along, [&](int plane, int i, int j) {
      if (t.step_row != 0) i *= kTogether;
      if (t.channels_last) j *= kTogether;
      const std::int64_t channel = at.channel + plane;
      if (channel >= t.channels) return;
      float sum[kTogether];
      const float first = a.bias != nullptr ? load(a.bias + channel) : 0.0F;
      HYENA_UNROLL
      for (int c = 0; c < kTogether; ++c) sum[c] = first;
      const float* from = tile + plane * t.plane_pitch + i * t.row_pitch + j * t.column_pitch;
      const float* w = weight + plane;
      for (int y = 0; y < t.kernel_height; ++y) {
        const float* x = from + y * t.row_pitch;
        for (int e = 0; e < t.kernel_width; ++e, x += t.column_pitch, w += t.planes) {
          const float factor = load(w);
          HYENA_UNROLL
          for (int c = 0; c < kTogether; ++c) sum[c] = fma(factor, load(x + c * step), sum[c]);
        }
      }
      HYENA_UNROLL
      for (int c = 0; c < kTogether; ++c) {
        const int row = at.row + i + c * t.step_row, column = at.column + j + c * t.step_column;
        if (row < t.height && column < t.width) {
          store(a.y.at(at.item, channel, static_cast<std::int64_t>(row) * t.width + column),
                from_float<T>(sum[c]));
        }
      }
    });
  }
};

[[noreturn]] void refuse(const char* function, const std::string& why) {
  throw ArgumentError(std::string(function) + ": " + why);
}

/// Whether channels are neighbours. Throws for what the kernels cannot take.
bool check(const char* function, const ShortConvShape& s, const ConstShortSignal& x,
           const ConstShortSignal& y, const float* weight) {
  const auto limits = [&](std::int64_t value, std::int64_t most, const char* what) {
    if (value < 1 || value > most) {
      refuse(function, std::string(what) + " must be 1 to " + std::to_string(most) + ", got " +
                           std::to_string(value));
    }
  };
  constexpr std::int64_t kMost = 1 << 30;
  if (s.batch < 0) refuse(function, "batch is negative: " + std::to_string(s.batch));
  limits(s.height, kMost, "height");
  limits(s.width, kMost, "width");
  limits(s.channels, kMost, "channels");
  limits(s.kernel_height, kMostTaps, "kernel height");
  limits(s.kernel_width, kMostTaps, "kernel width");
  if (s.centre_row < 0 || s.centre_row >= s.kernel_height || s.centre_column < 0 ||
      s.centre_column >= s.kernel_width) {
    refuse(function, "centre must be one of the " + std::to_string(s.kernel_height) + " x " +
                         std::to_string(s.kernel_width) + " taps, got (" +
                         std::to_string(s.centre_row) + ", " + std::to_string(s.centre_column) +
                         ")");
  }
  if (s.type == Type::kFloat64) refuse(function, "float64 is for the CPU");
  if (weight == nullptr) refuse(function, "there are no weights");
  const bool first = x.position == 1 && y.position == 1, last = x.channel == 1 && y.channel == 1;
  if (!first && !last) {
    refuse(function, "neighbours must be positions in all signals, or channels in all");
  }
  // With one channel or one position both hold.
  const bool channels_last = !first || (last && s.channels > 1 && s.height * s.width == 1);
  const Tiles tiles = tiles_for(s, channels_last, false, false);
  if (s.batch * tiles.tiles_of_item() * tiles.groups > INT32_MAX) {
    refuse(function, "the signal is too large for one launch: split the batch");
  }
  return channels_last;
}

void correlate(const ShortConvShape& s, bool channels_last, bool turned, const ConstShortSignal& x,
               const float* weight, const float* bias, const ShortSignal& y, Stream stream) {
  const Tiles tiles = tiles_for(s, channels_last, turned, false);
  const std::int64_t blocks = s.batch * tiles.tiles_of_item() * tiles.groups;
  const std::size_t shared =
      tiles.tile_bytes() +
      static_cast<std::size_t>(tiles.planes * s.kernel_height * s.kernel_width) * sizeof(float);
  with_type(s.type, [&](auto type) {
    using T = decltype(type);
    launch<Correlate<T>>({tiles, strided<T>(x), strided<T>(y), weight, bias, turned}, blocks, 1,
                         shared, stream);
  });
}

ConstShortSignal constant(const ShortSignal& s) {
  return {s.data, s.batch, s.channel, s.position};
}

}  // namespace
}  // namespace short_conv

void short_conv_forward(const ShortConvShape& s, ConstShortSignal x, const float* weight,
                        const float* bias, ShortSignal y, Stream stream) {
  const bool last = short_conv::check("short_conv_forward", s, x, short_conv::constant(y), weight);
  short_conv::correlate(s, last, false, x, weight, bias, y, stream);
}

std::size_t short_conv_workspace(const ShortConvShape& s) {
  return short_conv::gradient_workspace(s);
}

void short_conv_backward(const ShortConvShape& s, ConstShortSignal x, const float* weight,
                         ConstShortSignal dy, ShortSignal dx, float* dweight, float* dbias,
                         void* workspace, Stream stream) {
  const bool last = short_conv::check("short_conv_backward", s, x, dy, weight);
  if (dx) {
    const bool dx_last =
        short_conv::check("short_conv_backward", s, dy, short_conv::constant(dx), weight);
    short_conv::correlate(s, dx_last, true, dy, weight, nullptr, dx, stream);
  }
  if (dweight != nullptr || dbias != nullptr) {
    short_conv::weight_gradient(s, last, x, dy, dweight, dbias, workspace, stream);
  }
}

}  // namespace hyena::kernels::cuda
