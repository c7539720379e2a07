#include "kernels/cuda/four_step_plan.h"

#include <cmath>

namespace hyena::kernels::cuda::four_step {

namespace {

constexpr int kRadices[] = {16, 14, 12, 10, 8};  // of equal sizes the one with shorter rows
constexpr int kPowers[] = {1, 2, 3, 4, 8, 12};

/// e^(−2πi turns / of), rounded once.
void put(float*& at, std::int64_t turns, std::int64_t of) {
  const double angle = 2 * M_PI * static_cast<double>(turns % of) / static_cast<double>(of);
  *at++ = static_cast<float>(std::cos(angle));
  *at++ = static_cast<float>(-std::sin(angle));
}

std::vector<int> row_radices(int columns) {
  return with_radices(columns, [](auto radices) { return radices.list(); });
}

}  // namespace

Plan plan_for(std::int64_t length, int shared_per_block) {
  Plan best;
  for (int columns = 128; columns <= 16384; columns *= 2) {
    if (rows_shared_bytes(columns) > static_cast<std::size_t>(shared_per_block)) break;
    for (const int radix : kRadices) {
      const Plan plan{radix, columns};
      if (plan.size() >= length && (best.radix == 0 || plan.size() < best.size())) best = plan;
    }
  }
  return best;
}

Table table_of(const Plan& plan) {
  const std::int64_t B = plan.columns, R = plan.radix;
  Table t{};
  t.twist = t.column + 16 * R;
  t.powers = t.twist + R * B;
  t.row = t.powers + 6 * B;
  t.size = t.row;
  std::int64_t n = B;
  for (const int radix : row_radices(plan.columns)) {
    if (n > 16) t.size += n / radix * (radix - 1);
    n /= radix;
  }
  return t;
}

void fill(const Plan& plan, float* table) {
  const std::int64_t A = plan.rows(), B = plan.columns, M = plan.size();
  for (std::int64_t k = 0; k < plan.radix; ++k) {
    for (std::int64_t o = 0; o < 16; ++o) put(table, o * (4 * k + 1), 4 * A);
  }
  for (std::int64_t k = 0; k < plan.radix; ++k) {
    for (std::int64_t n = 0; n < B; ++n) put(table, n * (4 * k + 1), 4 * M);
  }
  for (const int power : kPowers) {
    for (std::int64_t n = 0; n < B; ++n) put(table, n * plan.radix * power, M);
  }
  std::int64_t size = B;
  for (const int radix : row_radices(plan.columns)) {
    if (size == 16) break;
    for (std::int64_t k = 1; k < radix; ++k) {
      for (std::int64_t n = 0; n < size / radix; ++n) put(table, n * k, size);
    }
    size /= radix;
  }
}

}  // namespace hyena::kernels::cuda::four_step
