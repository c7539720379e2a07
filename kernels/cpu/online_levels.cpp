#include "kernels/cpu/online_levels.h"

#include <algorithm>
#include <bit>
#include <string>

#include "kernels/cpu/group.h"
#include "kernels/cpu/item.h"

namespace hyena::kernels::cpu {
namespace {

// Measured (docs/kernels.md): below, a sum over the block's inputs costs less than tiles.
constexpr std::int64_t kBlock = 32;
// The smallest tile that is worth cutting to pieces.
constexpr std::int64_t kSpreadFrom = 128;
constexpr std::int64_t kLongest = std::int64_t{1} << 22;

void check(const ConstTaps& h, std::int64_t channels, Type type, const OnlineOptions& options) {
  const char* function = "OnlineFilter";
  if (type != Type::kFloat32 && type != Type::kFloat64) {
    refuse(function, "signals must be float32 or float64");
  }
  if (channels < 1) refuse(function, "channels must be 1 or more, got " + std::to_string(channels));
  if (!h || h.count < 1) refuse(function, "a filter needs a tap");
  if (h.rows < 1 || channels % h.rows != 0) {
    refuse(function, "rows of taps must divide the " + std::to_string(channels) +
                         " channels, got " + std::to_string(h.rows));
  }
  if (h.centre != 0) refuse(function, "a filter that looks ahead cannot step; centre must be 0");
  if (options.horizon < 1 || options.horizon > kLongest) {
    refuse(function, "horizon must be 1 to " + std::to_string(kLongest) + " steps, got " +
                         std::to_string(options.horizon));
  }
}

/// Builds the parts of OnlineLevels whose type depends on the signals'.
template <class T>
class Builder {
 public:
  Builder(OnlineLevels& levels, const Executor& executor) : levels_(levels), executor_(executor) {}

  void near(AlignedBuffer<T>& out) {
    const std::int64_t channels = levels_.channels;
    const T* const bias = static_cast<const T*>(levels_.bias);
    out.resize(levels_.near * channels);
    for (std::int64_t j = 0; j < levels_.near; ++j) {
      for (std::int64_t c = 0; c < channels; ++c) {
        out.data()[j * channels + c] =
            tap(c % levels_.whole_taps.rows, j) + (j == 0 && bias != nullptr ? bias[c] : T{0});
      }
    }
  }

  OnlineTile tile(std::int64_t size, std::int64_t distance, std::int64_t width) {
    const std::int64_t count = 2 * size - 1, first = (distance - 1) * size + 1;
    const std::int64_t channels = levels_.channels;
    OnlineTile out{.size = size, .distance = distance, .width = width};
    std::vector<T> part(static_cast<std::size_t>(width * count));
    for (std::int64_t c = 0; c < channels; c += width) {
      const std::int64_t here = std::min(width, channels - c);
      for (std::int64_t g = 0; g < here; ++g) {
        for (std::int64_t a = 0; a < count; ++a) {
          part[static_cast<std::size_t>(g * count + a)] =
              tap((c + g) % levels_.whole_taps.rows, first + a);
        }
      }
      out.parts.emplace_back(ConstTaps{.data = part.data(),
                                       .rows = here,
                                       .count = count,
                                       .centre = size - 1,
                                       .channel = count,
                                       .tap = 1},
                             nullptr, size, here,
                             levels_.is_double ? Type::kFloat64 : Type::kFloat32, executor_);
    }
    return out;
  }

 private:
  T tap(std::int64_t row, std::int64_t lag) const {
    const ConstTaps& h = levels_.whole_taps;
    return lag < h.count ? static_cast<const T*>(h.data)[row * h.channel + lag * h.tap] : T{0};
  }

  OnlineLevels& levels_;
  const Executor& executor_;
};

template <class T>
void build(OnlineLevels& levels, AlignedBuffer<T>& near, const Executor& executor) {
  Builder<T> builder(levels, executor);
  builder.near(near);
  if (levels.block == 0) return;
  const bool spread = levels.options.spread;
  const std::int64_t reach = levels.taps - 1;
  // A tile of the ring's own size is only met by steps that go round it.
  const std::int64_t largest = levels.endless ? levels.ring : levels.ring / 2;
  for (std::int64_t u = levels.block; u <= largest; u *= 2) {
    if (spread && u > kSpreadFrom) break;
    levels.prompt.push_back(builder.tile(u, 1, levels.channels));
  }
  if (!spread) return;
  const std::int64_t width = std::min(levels.channels, group_kernels<T>().lanes);
  for (std::int64_t u = kSpreadFrom; u <= largest; u *= 2) {
    for (std::int64_t distance : {2, 3}) {
      const bool reaches = (distance - 1) * u + 1 <= reach;
      const bool in_time = levels.endless || distance * u < levels.options.horizon;
      if (reaches && in_time) levels.patient.push_back(builder.tile(u, distance, width));
    }
  }
}

}  // namespace

OnlineLevels online_levels(const ConstTaps& h, const void* bias, std::int64_t channels, Type type,
                           const OnlineOptions& options, const Executor& executor) {
  check(h, channels, type, options);
  OnlineLevels levels;
  levels.options = options;
  levels.is_double = type == Type::kFloat64;
  levels.channels = channels;
  levels.taps = h.count;
  levels.whole_taps = h;
  levels.bias = bias;
  const auto power_from = [](std::int64_t n) {
    return static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(n)));
  };
  // Tiles reach from an input to the last tap's output, taps - 1 positions on; a direct sum reads
  // as many inputs as there are taps.
  const bool tiled =
      options.method == OnlineMethod::kTiled && std::min(options.horizon, h.count - 1) > kBlock;
  levels.block = tiled ? kBlock : 0;
  const std::int64_t reach = tiled ? h.count - 1 : h.count;
  // Rings that wrap need a level of tiles more: they must pay.
  levels.endless = reach <= options.horizon / 2;
  levels.ring = power_from(levels.endless ? reach : options.horizon);
  levels.near = tiled ? kBlock : std::min(levels.taps, levels.ring);
  if (levels.is_double) {
    build<double>(levels, levels.near_f64, executor);
  } else {
    build<float>(levels, levels.near_f32, executor);
  }
  return levels;
}

FilterSpectrum OnlineLevels::whole(std::int64_t length, const Executor& executor) const {
  return {whole_taps, bias, length, channels, is_double ? Type::kFloat64 : Type::kFloat32,
          executor};
}

std::int64_t OnlineLevels::bytes() const {
  const std::int64_t size = is_double ? 8 : 4;
  std::int64_t numbers = near * channels;
  for (const auto* tiles : {&prompt, &patient}) {
    for (const OnlineTile& tile : *tiles) {
      const std::int64_t lanes = tile.width;
      numbers += 2 * tile.size * ((channels + lanes - 1) / lanes * lanes);
    }
  }
  return size * numbers;
}

}  // namespace hyena::kernels::cpu
