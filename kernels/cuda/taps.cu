#include "kernels/cuda/launch.h"
#include "kernels/cuda/taps.h"

namespace hyena::kernels::cuda {
namespace {

struct FilterSizes {
  std::int64_t rows, height, width, centre_row, centre_column;
};

struct GatherTaps {
  static constexpr int kThreads = 128, kMinBlocks = 1;
  struct Args {
    FilterSizes sizes;
    Lags lags;
    const float* h;
    std::int64_t h_channel, h_row, h_tap, channels;
    const float* bias;
    float* dense;
  };

  static HYENA_DEVICE void run(const Args& a) {
    const std::int64_t count = a.lags.height * a.lags.width;
    const std::int64_t i = static_cast<std::int64_t>(block_index()) * kThreads + thread_index();
    if (i >= a.channels * count) return;
    const std::int64_t d = i / count;
    const std::int64_t lag_row = i % count / a.lags.width + a.lags.first_row;
    const std::int64_t lag = i % a.lags.width + a.lags.first_column;
    const float* h = a.h + d % a.sizes.rows * a.h_channel;
    // On a circular grid the taps of one lag lie a grid apart; else there is one at most.
    const std::int64_t row_step = a.lags.circular ? a.lags.height : a.sizes.height;
    const std::int64_t step = a.lags.circular ? a.lags.width : a.sizes.width;
    std::int64_t first_row = lag_row + a.sizes.centre_row, first = lag + a.sizes.centre_column;
    if (a.lags.circular) {
      first_row %= a.lags.height;
      first %= a.lags.width;
    }
    float sum = 0;
    if (first_row >= 0 && first >= 0) {
      for (std::int64_t y = first_row; y < a.sizes.height; y += row_step) {
        for (std::int64_t x = first; x < a.sizes.width; x += step) {
          sum += load(h + y * a.h_row + x * a.h_tap);
        }
      }
    }
    if (lag_row == 0 && lag == 0 && a.bias != nullptr) sum += load(a.bias + d);
    store(a.dense + i, sum);
  }
};

struct FoldTaps {
  static constexpr int kThreads = 128, kMinBlocks = 1;
  struct Args {
    FilterSizes sizes;
    Lags lags;
    const float* dense;
    float* dh;
    std::int64_t dh_channel, dh_row, dh_tap, channels;
  };

  static HYENA_DEVICE void run(const Args& a) {
    const std::int64_t taps = a.sizes.height * a.sizes.width;
    const std::int64_t i = static_cast<std::int64_t>(block_index()) * kThreads + thread_index();
    if (i >= a.sizes.rows * taps) return;
    const std::int64_t g = i / taps, y = i % taps / a.sizes.width, x = i % a.sizes.width;
    std::int64_t row = y - a.sizes.centre_row - a.lags.first_row;
    std::int64_t column = x - a.sizes.centre_column - a.lags.first_column;
    if (a.lags.circular) {
      row = (row % a.lags.height + a.lags.height) % a.lags.height;
      column = (column % a.lags.width + a.lags.width) % a.lags.width;
    }
    float sum = 0;
    if (row >= 0 && row < a.lags.height && column >= 0 && column < a.lags.width) {
      for (std::int64_t d = g; d < a.channels; d += a.sizes.rows) {
        sum += load(a.dense + (d * a.lags.height + row) * a.lags.width + column);
      }
    }
    store(a.dh + g * a.dh_channel + y * a.dh_row + x * a.dh_tap, sum);
  }
};

struct TakeBias {
  static constexpr int kThreads = 128, kMinBlocks = 1;
  struct Args {
    const float* lag_zero;
    float* dbias;
    std::int64_t channels, channel;
  };

  static HYENA_DEVICE void run(const Args& a) {
    const std::int64_t d = static_cast<std::int64_t>(block_index()) * kThreads + thread_index();
    if (d < a.channels) store(a.dbias + d, load(a.lag_zero + d * a.channel));
  }
};

FilterSizes sizes(const Shape& s) {
  return {s.rows, s.taps_height, s.taps_width, s.centre_row, s.centre_column};
}

std::int64_t blocks(std::int64_t count, int threads) {
  return (count + threads - 1) / threads;
}

}  // namespace

Lags lags_of(const Shape& s) {
  if (s.grid.circular) return {s.grid.height, s.grid.width, 0, 0, true};
  if (s.causal()) return {1, s.grid.width, 0, 0, false};
  return {2 * s.grid.height - 1, 2 * s.grid.width - 1, 1 - s.grid.height, 1 - s.grid.width, false};
}

void gather_taps(const Shape& shape, const Lags& lags, const ConstGridTaps& h, const float* bias,
                 float* dense, Stream stream) {
  launch<GatherTaps>({sizes(shape), lags, static_cast<const float*>(h.data), h.channel, h.row,
                      h.tap, shape.channels, bias, dense},
                     blocks(shape.channels * lags.count(), GatherTaps::kThreads), 1, 0, stream);
}

void fold_gradients(const Shape& shape, const Lags& lags, const float* dense, const GridTaps& dh,
                    float* dbias, Stream stream) {
  if (dh) {
    launch<FoldTaps>({sizes(shape), lags, dense, static_cast<float*>(dh.data), dh.channel, dh.row,
                      dh.tap, shape.channels},
                     blocks(shape.rows * shape.taps_height * shape.taps_width, FoldTaps::kThreads),
                     1, 0, stream);
  }
  if (dbias != nullptr) {
    const std::int64_t zero = -lags.first_row * lags.width - lags.first_column;
    launch<TakeBias>({dense + zero, dbias, shape.channels, lags.count()},
                     blocks(shape.channels, TakeBias::kThreads), 1, 0, stream);
  }
}

}  // namespace hyena::kernels::cuda
