#include "kernels/cuda/short_conv_tile.h"

#include <algorithm>

namespace hyena::kernels::cuda::short_conv {
namespace {

constexpr int kOutputs = 1024;                  // of a block, about
constexpr std::size_t kSharedBytes = 40 << 10;  // several blocks fit next to each other

int log2_of_at_least(std::int64_t n, int least, int most) {
  int log2 = least;
  while (log2 < most && (std::int64_t{1} << log2) < n) ++log2;
  return log2;
}
int rounded_up(int n, int to) {
  return (n + to - 1) / to * to;
}
int parts(std::int64_t n, std::int64_t of) {
  return static_cast<int>((n + of - 1) / of);
}

}  // namespace

Tiles tiles_for(const ShortConvShape& s, bool channels_last, bool turned, bool one_channel) {
  Tiles t{};
  const auto small = [](std::int64_t n) { return static_cast<int>(n); };
  t.height = small(s.height);
  t.width = small(s.width);
  t.channels = s.channels;
  t.kernel_height = small(s.kernel_height);
  t.kernel_width = small(s.kernel_width);
  t.centre_row = small(turned ? s.kernel_height - 1 - s.centre_row : s.centre_row);
  t.centre_column = small(turned ? s.kernel_width - 1 - s.centre_column : s.centre_column);
  t.channels_last = channels_last;
  const bool line = s.height == 1 && s.kernel_height == 1;
  if (channels_last) {
    t.lanes_log2 = 5;
    t.planes = 32;
    t.tile_height = line ? 1 : 8;
    t.tile_width = line ? 32 : 8;
    t.step_column = 1;
  } else if (line) {
    t.lanes_log2 = one_channel ? 7 : log2_of_at_least((s.width + 3) / 4, 3, 7);
    const int once = kTogether << t.lanes_log2;
    t.tile_height = 1;
    t.tile_width = s.width > once ? 2 * once : once;
    t.step_column = 1 << t.lanes_log2;
  } else {
    t.lanes_log2 = log2_of_at_least(s.width, 3, 6);
    t.tile_width = std::min(t.width, 64);
    t.tile_height = std::min(rounded_up(t.height, kTogether),
                             std::max(kTogether, kOutputs / t.tile_width / kTogether * kTogether));
    t.tile_height = std::min(t.tile_height, 64);
    t.step_row = 1;
  }
  if (!channels_last) {
    const auto room =
        static_cast<std::int64_t>(kSharedBytes / sizeof(float) /
                                  static_cast<std::size_t>(t.margin_height() * t.margin_width()));
    const std::int64_t wanted = kOutputs / (t.tile_height * t.tile_width);
    t.planes =
        one_channel ? 1 : small(std::max<std::int64_t>(1, std::min({wanted, room, s.channels})));
  }
  t.groups = parts(s.channels, t.planes);
  t.down = parts(s.height, t.tile_height);
  t.across = parts(s.width, t.tile_width);
  t.column_pitch = channels_last ? t.planes : 1;
  t.row_pitch = t.column_pitch * t.margin_width();
  t.plane_pitch = channels_last ? 1 : t.row_pitch * t.margin_height();
  return t;
}

}  // namespace hyena::kernels::cuda::short_conv
