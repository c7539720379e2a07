#include "kernels/cuda/ring_stage.cuh"

#include <cmath>
#include <complex>
#include <numbers>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "kernels/cuda/launch.h"
#include "kernels/cuda/ring_table.h"
#include "tests/kernels/cuda/host_runtime.h"

/// The stages on a transform of R · R numbers by R threads, with both forms of tables, against sums
/// in double.
namespace hyena::kernels::cuda {
namespace {

struct Sections {
  std::int64_t nodes, columns, twist;  // places of float4
};

template <int R, bool Brief, bool Pairs, bool Real>
struct Transform {
  static constexpr int kThreads = R, kMinBlocks = 1, N = R * R;
  struct Args {
    const float4* table;
    Sections at;
    const float2* in;
    float2 *spectrum, *back;
  };

  /// Entry t of a section: alone, or by the pair it is in.
  template <int V>
  static HYENA_DEVICE void entry(const float4* section, int t, float2 (&w)[V]) {
    if constexpr (Pairs) {
      float2 pair[2][V];
      load_entries(section, R, t & ~1, pair[0], pair[1]);
      for (int i = 0; i < V; ++i) w[i] = pair[t & 1][i];
    } else {
      load_entry(section, R, t, w);
    }
  }

  static HYENA_DEVICE void run(const Args& a) {
    auto* shared = shared_memory<float2>();
    const int t = thread_index();
    float2 x[R];
    float u[R];
    for (int r = 0; r < R; ++r) {
      x[r] = load(a.in + t + r * R);
      u[r] = x[r].x;
    }
    if constexpr (Real) {
      split_real<R>(u, x);
    } else {
      split<R>(x, RootTwiddles());
    }
    for (int r = 0; r < R; ++r) store(shared + t + r * R, x[r]);
    barrier();
    for (int r = 0; r < R; ++r) x[r] = load(shared + t * R + r);
    NodeTwiddles<R, Brief> node;
    entry(a.table + a.at.nodes, t, node.w);
    split<R>(x, node);
    for (int r = 0; r < R; ++r) store(a.spectrum + t * R + r, x[r]);

    join<R>(x, FirstColumn());
    for (int r = 0; r < R; ++r) store(shared + t * R + r, x[r]);
    barrier();
    for (int r = 0; r < R; ++r) x[r] = load(shared + t + r * R);
    ColumnTwiddles<R, Brief> column;
    entry(a.table + a.at.columns, t, column.w);
    join<R>(x, column);
    float2 twist[Brief ? 1 : R];
    entry(a.table + a.at.twist, t, twist);
    for_indices<R>([&](auto index) {
      constexpr int r = decltype(index)::value;
      float2 w;
      if constexpr (Brief) {
        w = twist_of<R, r>(twist[0]);
      } else {
        w = twist[r];
      }
      const float2 y = times(x[r], w);
      EXPECT_EQ(y.x, real_of_product(x[r], w));
      store(a.back + t + r * R, y);
    });
  }
};

double relative(const std::vector<std::complex<double>>& got,
                const std::vector<std::complex<double>>& wanted) {
  double difference = 0, norm = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    difference += std::norm(got[i] - wanted[i]);
    norm += std::norm(wanted[i]);
  }
  return std::sqrt(difference / norm);
}

template <int R, bool Brief, bool Pairs, bool Real>
void check() {
  constexpr int N = R * R, kDepth = detail::log2_of(R);
  SCOPED_TRACE(testing::Message() << R << (Brief ? " brief" : "") << (Pairs ? " pairs" : "")
                                  << (Real ? " real" : ""));
  constexpr int adjacent = Pairs ? 2 : 1;
  const Section nodes = node_section(kDepth, R, Brief, adjacent);
  const Section columns = column_section(R, R, Brief, adjacent);
  const Section twist = twist_section(R, R, Brief, adjacent);
  const auto c = static_cast<std::int64_t>(nodes.float4s());
  const auto p = c + static_cast<std::int64_t>(columns.float4s());
  const host::DeviceMemory table(nodes.bytes() + columns.bytes() + twist.bytes());
  auto* floats = static_cast<float*>(table.data());
  fill_nodes(floats, kDepth, R, Brief, adjacent);
  fill_columns(floats + 4 * c, R, R, Brief, adjacent);
  fill_twist(floats + 4 * p, R, R, Brief, adjacent);

  const host::DeviceMemory in(N * 8), spectrum(N * 8), back(N * 8);
  std::mt19937_64 draw(R);
  std::normal_distribution<float> normal;
  std::vector<std::complex<double>> x(N), wanted(N), got(N), returned(N);
  for (int n = 0; n < N; ++n) {
    const float2 value = make_float2(normal(draw), Real ? 0.0F : normal(draw));
    static_cast<float2*>(in.data())[n] = value;
    x[static_cast<std::size_t>(n)] = {value.x, value.y};
  }
  using Kernel = Transform<R, Brief, Pairs, Real>;
  launch<Kernel>({static_cast<const float4*>(table.data()),
                  {0, c, p},
                  static_cast<const float2*>(in.data()),
                  static_cast<float2*>(spectrum.data()),
                  static_cast<float2*>(back.data())},
                 1, 1, N * 8, nullptr);
  for (int i = 0; i < N; ++i) {
    const auto f = static_cast<double>(detail::reversed(i, 2 * kDepth));
    const auto at = static_cast<std::size_t>(i);
    for (int n = 0; n < N; ++n) {
      wanted[at] += x[static_cast<std::size_t>(n)] *
                    std::polar(1.0, std::fmod(n * (f + 0.25), N) / N * 2 * std::numbers::pi);
    }
    const float2 s = static_cast<const float2*>(spectrum.data())[i];
    const float2 y = static_cast<const float2*>(back.data())[i];
    got[at] = {s.x, s.y};
    returned[at] = {y.x / N, y.y / N};
  }
  EXPECT_LT(relative(got, wanted), 3e-7);
  EXPECT_LT(relative(returned, x), 5e-7);
}

template <bool Brief, bool Pairs>
void check_radices() {
  check<2, Brief, Pairs, false>();
  check<4, Brief, Pairs, true>();
  check<8, Brief, Pairs, false>();
  check<16, Brief, Pairs, false>();
  check<16, Brief, Pairs, true>();
  check<32, Brief, Pairs, false>();
  check<32, Brief, Pairs, true>();
}

TEST(RingStage, TransformsThereAndBack) {
  check_radices<false, false>();
  check_radices<true, false>();
  check_radices<false, true>();
  check_radices<true, true>();
}

}  // namespace
}  // namespace hyena::kernels::cuda
