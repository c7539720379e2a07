#include "kernels/cpu/plan.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <list>
#include <mutex>
#include <numbers>
#include <stdexcept>
#include <string>

#include "kernels/tensors.h"

namespace hyena::kernels::cpu {
namespace {

constexpr std::int64_t kLongest = std::int64_t{1} << 23;

/// What a radix adds to a forward and a backward call, ns per element: `first` as outermost, `far`
/// as outermost of more than kNear points, where the rows that meet in a butterfly share cache sets
/// and pages, `middle` between others, `leaf` as innermost. Fitted to 330 plans timed by `hyena
/// bench plans` (Zen 5, AVX-512, 64 channels, rms deviation 11 %); only the proportions matter.
struct Cost {
  std::int64_t radix;
  double first, far, middle, leaf;
};
constexpr std::int64_t kNear = 300;
constexpr std::array<Cost, 10> kCosts = {{
    {2, 0.28, 0.96, 0.71, 0.55},
    {3, 0.54, 0.65, 0.77, 0.53},
    {4, 0.47, 0.46, 0.95, 0.64},
    {5, 0.66, 0.87, 1.03, 0.72},
    {7, 0.82, 1.48, 1.26, 0.86},
    {8, 0.88, 1.29, 1.18, 0.85},
    {10, 1.03, 2.41, 1.42, 1.06},
    {11, 1.60, 2.60, 1.85, 1.90},
    {14, 1.49, 3.26, 1.59, 1.46},
    {16, 1.43, 3.62, 1.90, 1.41},
}};

/// Up to here sums over all pairs are faster: positions of a line, side of a grid.
constexpr std::int64_t kDirectCausal = 32, kDirectCentred = 16, kDirectGrid = 7;

struct Search {
  std::int64_t length = 0;
  std::size_t count = 1;  ///< plans to keep
  struct Found {
    double cost;
    std::vector<std::int64_t> radices;
  };
  std::vector<Found> found = {};  ///< ascending
  std::vector<std::int64_t> radices = {};

  double worst() const {
    return found.size() < count ? std::numeric_limits<double>::infinity() : found.back().cost;
  }
  void keep(double cost, std::int64_t leaf) {
    if (cost >= worst()) return;
    if (found.size() == count) found.pop_back();
    const auto at = std::upper_bound(found.begin(), found.end(), cost,
                                     [](double c, const Found& f) { return c < f.cost; });
    found.insert(at, {cost, radices})->radices.push_back(leaf);
  }

  /// Tries all completions of a plan whose levels so far multiply to `product` and cost `cost` a
  /// point. Middle radices only ever grow, so each set of them is tried once.
  void extend(std::int64_t product, double cost, std::int64_t smallest_middle) {
    for (const Cost& c : kCosts) {
      const std::int64_t n = product * c.radix;
      if (n < length || n > length + length / 2 + 4) continue;
      keep((cost + c.leaf) * static_cast<double>(n), c.radix);
    }
    for (const Cost& c : kCosts) {
      // A leaf of 2 at least must still fit behind this one.
      if (c.radix < smallest_middle || product * c.radix * 2 > length + length / 2 + 4) continue;
      if ((cost + c.middle) * static_cast<double>(length) >= worst()) continue;
      radices.push_back(c.radix);
      extend(product * c.radix, cost + c.middle, c.radix);
      radices.pop_back();
    }
  }
};

bool power_of_two(std::int64_t n) {
  return (n & (n - 1)) == 0;
}

template <class T>
void append(std::vector<T>& table, double turns) {
  const double angle = -2.0 * std::numbers::pi * turns;
  table.push_back(static_cast<T>(std::cos(angle)));
  table.push_back(static_cast<T>(std::sin(angle)));
}

/// Fraction a·b/n of a turn, exactly reduced.
double turns(std::int64_t a, std::int64_t b, std::int64_t n) {
  return static_cast<double>((a * b) % n) / static_cast<double>(n);
}

template <class T>
std::shared_ptr<const Plan<T>> build(const std::vector<std::int64_t>& radices, Ring ring) {
  auto plan = std::make_shared<Plan<T>>();
  plan->ring = ring;
  plan->size = 1;
  for (const auto radix : radices) plan->size *= radix;

  std::int64_t size = plan->size;
  for (const auto radix : radices) {
    plan->levels.push_back({.radix = radix, .size = size});
    size /= radix;
  }
  if (power_of_two(plan->size) && plan->size >= 2048) {
    for (const Level& level : plan->levels) {
      if (level.size <= 128 && plan->segment == 0) plan->segment = level.size;
      if (level.size <= 4096 && level.size >= 1024 && level.size < plan->size && plan->page == 0) {
        plan->page = level.size;
      }
    }
  }
  const auto padded = [&](std::int64_t points) {
    return points + (plan->segment ? points / plan->segment : 0) +
           (plan->page ? points / plan->page : 0);
  };
  plan->stored = padded(plan->size);
  for (std::size_t l = 0; l < plan->levels.size(); ++l) {
    Level& level = plan->levels[l];
    const std::int64_t radix = level.radix, child = level.size / radix;
    level.stride = padded(child);
    level.first_entry = static_cast<std::int64_t>(plan->table.size());
    if (l == 0 && ring == Ring::kRightAngle) {
      for (std::int64_t m = 0; m < child; ++m) {
        for (std::int64_t j = 0; j < radix; ++j) {
          append(plan->table, turns(m, 4 * j + 1, 4 * level.size));
        }
      }
      for (std::int64_t r = 0; r < radix; ++r) append(plan->edge, turns(r, 1, 4 * radix));
    } else if (l + 1 < plan->levels.size()) {
      for (std::int64_t m = 0; m < child; ++m) {
        for (std::int64_t j = 1; j < radix; ++j) append(plan->table, turns(m, j, level.size));
      }
    }
  }
  return plan;
}

/// The plans used last, most recent first.
template <class T>
class Cache {
 public:
  std::shared_ptr<const Plan<T>> get(std::int64_t length, Ring ring) {
    const std::lock_guard lock(mutex_);
    for (auto it = entries_.begin(); it != entries_.end(); ++it) {
      if (it->length == length && it->ring == ring) {
        entries_.splice(entries_.begin(), entries_, it);
        return it->plan;
      }
    }
    entries_.push_front({length, ring, build<T>(choose_radices(length), ring)});
    if (entries_.size() > kKept) entries_.pop_back();
    return entries_.front().plan;
  }

 private:
  static constexpr std::size_t kKept = 32;
  struct Entry {
    std::int64_t length;
    Ring ring;
    std::shared_ptr<const Plan<T>> plan;
  };
  std::mutex mutex_;
  std::list<Entry> entries_;
};

}  // namespace

bool is_radix(std::int64_t radix) {
  return std::any_of(kCosts.begin(), kCosts.end(),
                     [&](const Cost& cost) { return cost.radix == radix; });
}

std::vector<std::int64_t> choose_radices(std::int64_t length) {
  return cheapest_radices(length, 1).front();
}

std::vector<std::vector<std::int64_t>> cheapest_radices(std::int64_t length, std::size_t count) {
  if (length < 1 || length > kLongest) {
    throw ArgumentError("transform: length must be 1 to " + std::to_string(kLongest) + ", got " +
                        std::to_string(length) + "; cut longer signals into parts");
  }
  Search search{.length = std::max<std::int64_t>(length, 4), .count = count};
  for (const Cost& c : kCosts) {
    if (c.radix * 2 > search.length + search.length / 2 + 4) continue;
    search.radices = {c.radix};
    search.extend(c.radix, length > kNear ? c.far : c.first, 2);
  }
  std::vector<std::vector<std::int64_t>> plans;
  for (auto& found : search.found) plans.push_back(std::move(found.radices));
  return plans;
}

bool sums_pay(std::int64_t height, std::int64_t width, bool causal) {
  if (height > 1) return std::max(height, width) <= kDirectGrid;
  return width <= (causal ? kDirectCausal : kDirectCentred);
}

template <class T>
std::shared_ptr<const Plan<T>> direct_plan(std::int64_t length, bool causal) {
  auto plan = std::make_shared<Plan<T>>();
  plan->size = plan->stored = length;
  plan->causal = causal;
  return plan;
}

template <class T>
std::shared_ptr<const Plan<T>> plan_for(std::int64_t length, Ring ring) {
  static Cache<T> cache;
  return cache.get(length, ring);
}

template <class T>
std::shared_ptr<const Plan<T>> plan_of(const std::vector<std::int64_t>& radices, Ring ring) {
  if (radices.size() < 2 || !std::all_of(radices.begin(), radices.end(), is_radix)) {
    throw std::invalid_argument("a plan needs two radices or more, of 2 3 4 5 7 8 10 11 14 16");
  }
  return build<T>(radices, ring);
}

template std::shared_ptr<const Plan<float>> direct_plan(std::int64_t, bool);
template std::shared_ptr<const Plan<double>> direct_plan(std::int64_t, bool);
template std::shared_ptr<const Plan<float>> plan_for(std::int64_t, Ring);
template std::shared_ptr<const Plan<double>> plan_for(std::int64_t, Ring);
template std::shared_ptr<const Plan<float>> plan_of(const std::vector<std::int64_t>&, Ring);
template std::shared_ptr<const Plan<double>> plan_of(const std::vector<std::int64_t>&, Ring);

}  // namespace hyena::kernels::cpu
