#include "kernels/cuda/ring_table.h"

#include <cmath>

namespace hyena::kernels::cuda {
namespace {

constexpr double kPi = 3.14159265358979323846;

int log2_of(std::int64_t n) {
  int bits = 0;
  while (std::int64_t{1} << bits < n) ++bits;
  return bits;
}

std::int64_t reversed(std::int64_t value, int bits) {
  std::int64_t result = 0;
  for (int i = 0; i < bits; ++i) result |= (value >> i & 1) << (bits - 1 - i);
  return result;
}

/// Of a node's ring x^M = exp(2πi · turns): the branches to it are the bits of its index.
double turns_of_node(int depth, std::int64_t node) {
  return (0.25 + static_cast<double>(reversed(node, depth))) / std::ldexp(1.0, depth);
}

void put(float* out, const Section& s, std::int64_t entry, int value, double turns) {
  const std::int64_t at = s.adjacent == 2 ? 2 * (value * (s.entries / 2) + entry / 2) + entry % 2
                                          : 2 * (value / 2 * s.entries + entry) + value % 2;
  out[2 * at] = static_cast<float>(std::cos(2 * kPi * turns));
  out[2 * at + 1] = static_cast<float>(std::sin(2 * kPi * turns));
}

}  // namespace

Section node_section(int depth, int radix, bool brief, int adjacent) {
  return {std::int64_t{1} << depth, brief ? log2_of(radix) : radix / 2, adjacent};
}

void fill_nodes(float* out, int depth, int radix, bool brief, int adjacent) {
  const Section s = node_section(depth, radix, brief, adjacent);
  const int levels = log2_of(radix);
  for (std::int64_t node = 0; node < s.entries; ++node) {
    int value = 0;
    for (int level = 0; level < levels; ++level) {
      // Odd nodes of a level have i times the twiddle of the even one before.
      const std::int64_t even = brief || level == 0 ? 1 : std::int64_t{1} << (level - 1);
      for (std::int64_t b = 0; b < even; ++b) {
        put(out, s, node, value++, turns_of_node(depth + level, (node << level) + 2 * b) / 2);
      }
    }
  }
}

Section column_section(std::int64_t columns, int radix, bool brief, int adjacent) {
  return {columns, brief ? log2_of(radix) : radix / 2, adjacent};
}

void fill_columns(float* out, std::int64_t columns, int radix, bool brief, int adjacent) {
  const Section s = column_section(columns, radix, brief, adjacent);
  const int levels = log2_of(radix);
  for (std::int64_t column = 0; column < columns; ++column) {
    int value = 0;
    for (int level = 1; level <= levels; ++level) {
      // The second half of a level has −i times the twiddles of the first.
      const std::int64_t first = brief || level == 1 ? 1 : std::int64_t{1} << (level - 2);
      const double length = static_cast<double>(columns << level);
      for (std::int64_t k = 0; k < first; ++k) {
        put(out, s, column, value++, -static_cast<double>(column + k * columns) / length);
      }
    }
  }
}

Section twist_section(std::int64_t columns, int radix, bool brief, int adjacent) {
  return {columns, brief ? 1 : radix, adjacent};
}

void fill_twist(float* out, std::int64_t columns, int radix, bool brief, int adjacent) {
  const Section s = twist_section(columns, radix, brief, adjacent);
  for (std::int64_t column = 0; column < columns; ++column) {
    for (int r = 0; r < s.values; ++r) {
      put(out, s, column, r,
          -static_cast<double>(column + r * columns) / static_cast<double>(4 * columns * radix));
    }
  }
}

}  // namespace hyena::kernels::cuda
