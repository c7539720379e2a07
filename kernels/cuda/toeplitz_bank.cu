#include "kernels/cuda/launch.h"
#include "kernels/cuda/toeplitz.cuh"

namespace hyena::kernels::cuda::toeplitz {
namespace {

/// The bank of one channel a block: its taps, scaled, in parts.
struct BuildBank {
  static constexpr int kWarps = 8, kThreads = 32 * kWarps, kMinBlocks = 1;
  struct Args {
    Bank bank;
    Lags lags;
    const float* dense;
    unsigned* filter;
    float* scales;
  };

  /// The tap of number n; 0 where no pair of positions has that lag.
  static HYENA_DEVICE float tap(const Args& a, const float* dense, int n) {
    std::int64_t row = 0, lag = n;
    if (a.bank.line != 0) {
      // `first` is a whole number of lines; lags go from −line/2 to line/2.
      row = (n + a.bank.line / 2 - a.bank.first) / a.bank.line + a.bank.first / a.bank.line;
      lag = n - row * a.bank.line;
    }
    std::int64_t i = row - a.lags.first_row, j = lag - a.lags.first_column;
    if (a.lags.circular) {
      if (lag <= -a.lags.width || lag >= a.lags.width) return 0;
      i = (row + a.lags.height) % a.lags.height;
      j = (lag + a.lags.width) % a.lags.width;
    }
    if (i < 0 || i >= a.lags.height || j < 0 || j >= a.lags.width) return 0;
    return load(dense + i * a.lags.width + j);
  }

  static HYENA_DEVICE void run(const Args& a) {
    const std::int64_t d = block_index();
    const float* dense = a.dense + d * a.lags.height * a.lags.width;
    float most = 0;
    const int count = static_cast<int>(a.lags.height * a.lags.width);
    for (int i = thread_index(); i < count; i += kThreads) {
      most = larger(most, magnitude(load(dense + i)));
    }
    most = warp_maximum(most);
    auto* maxima = shared_memory<float>();
    if (lane_index() == 0) store(maxima + warp_index(), most);
    barrier();
    for (int w = 0; w < kWarps; ++w) most = larger(most, load(maxima + w));
    const float scale = scale_for(most);
    if (thread_index() == 0) store(a.scales + d, inverse_power(scale));
    unsigned* words = a.filter + d * a.bank.words();
    for (int i = thread_index(); i < a.bank.count / 2; i += kThreads) {
      const int n = a.bank.first + 2 * i;
      const Parts p = parts_of(tap(a, dense, n) * scale, tap(a, dense, n + 1) * scale);
      store(words + i, p.high);
      store(words + a.bank.count / 2 + i, p.low);
    }
  }
};

}  // namespace

void start_bank(const Bank& bank, const Lags& lags, const float* dense, std::int64_t channels,
                unsigned* filter, float* scales, Stream stream) {
  launch<BuildBank>({bank, lags, dense, filter, scales}, channels, 1,
                    BuildBank::kWarps * sizeof(float), stream);
}

}  // namespace hyena::kernels::cuda::toeplitz
