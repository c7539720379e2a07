#pragma once

#include <cstdint>
#include <memory>
#include <vector>

/// Which transform length and which radices serve a convolution. The one place where such choices
/// are made, from a small table of measured costs.
namespace hyena::kernels::cpu {

/// Transform on a ring: either x^n = −i ("right angle": points exp(−2πi(j+¼)/n), on which one
/// complex transform of length n carries a causal or a bidirectional real convolution of n samples
/// without padding), or x^n = 1 (an ordinary DFT).
enum class Ring { kRightAngle, kOrdinary };

/// One radix pass over blocks of `size` points, which it splits into `radix` blocks.
struct Level {
  std::int64_t radix = 0;
  std::int64_t size = 0;         ///< points of a block before the pass
  std::int64_t stride = 0;       ///< from one of its children to the next, points, padding included
  std::int64_t first_entry = 0;  ///< of its twiddles in the table
};

/// Everything about a transform that does not depend on data. Levels run from the outermost to the
/// leaf; the inverse runs them backwards, so the spectrum stays in the scrambled order of the
/// leaves.
template <class T>
struct Plan {
  Ring ring = Ring::kRightAngle;
  std::int64_t size = 0;  ///< n
  std::vector<Level> levels;
  /// One point of padding after every `segment` points and one more after every `page`: rows a
  /// power of two apart would share cache sets. 0: none. Both are block sizes of the plan.
  std::int64_t segment = 0, page = 0;
  std::int64_t stored = 0;  ///< points of a work array, padding included
  /// (cos, sin) pairs. Level l, position m of a child: for the right-angle ring's level 0,
  /// exp(−2πi m (j+¼)/n) for j = 0 … R−1; for the others exp(−2πi m j/size) for j = 1 … R−1.
  std::vector<T> table;
  /// exp(−2πi r/(4R)) for r = 0 … R−1 of level 0, right-angle ring only.
  std::vector<T> edge;

  /// No levels: no transform, but sums over all pairs of positions. What stands for a spectrum then
  /// is the taps, lags 1 − n … n − 1; of a causal filter those of negative lags are zero.
  bool direct() const { return levels.empty(); }
  bool causal = false;
  /// Of a spectrum, numbers for each lane.
  std::int64_t spectrum_size() const { return direct() ? 2 * size - 1 : 2 * size; }
};

/// Whether sums over all pairs of positions are faster than transforms: short lines (height 1) and
/// small grids.
bool sums_pay(std::int64_t height, std::int64_t width, bool causal);

/// The plan of a line that is served so.
template <class T>
std::shared_ptr<const Plan<T>> direct_plan(std::int64_t length, bool causal);

/// Whether passes exist for this radix.
bool is_radix(std::int64_t radix);

/// The smallest cost among n ≥ length. Results are shared and live as long as somebody holds them;
/// building one costs about as much as one transform. Thread-safe. Throws std::invalid_argument for
/// length < 1 or > 2^23.
template <class T>
std::shared_ptr<const Plan<T>> plan_for(std::int64_t length, Ring ring);

/// A plan with the given radices, outermost first: for measurements and tests.
template <class T>
std::shared_ptr<const Plan<T>> plan_of(const std::vector<std::int64_t>& radices, Ring ring);

/// The radices that plan_for() takes for `length`, outermost first.
std::vector<std::int64_t> choose_radices(std::int64_t length);

/// The `count` plans of the least cost by the table, the best first: for measurements.
std::vector<std::vector<std::int64_t>> cheapest_radices(std::int64_t length, std::size_t count);

}  // namespace hyena::kernels::cpu
