#include "tests/kernels/cuda/host_runtime.h"

#include <cstdio>
#include <cstring>
#include <fstream>
#include <random>

#include <gtest/gtest.h>

#include "kernels/cuda/launch.h"
#include "tests/kernels/cuda/launch_notes.h"
#include "tests/kernels/number_types.h"

/// The runtime itself: mistakes of device code that it must find, and words that must compute what
/// the hardware's manual says.
namespace hyena::kernels::cuda {
namespace {

enum class Mistake { kNone, kNoBarrier, kRace, kOffByOne, kNoWarpBarrier, kEarlyReturn, kNoWait };

/// Reverses 64 numbers through shared memory, wrongly in one way.
template <Mistake M>
struct Reverse {
  static constexpr int kThreads = 64, kMinBlocks = 1;
  struct Args {
    const float* in;
    float* out;
  };
  static HYENA_DEVICE void run(const Args& a) {
    auto* shared = shared_memory<float>();
    const int t = thread_index();
    if (M == Mistake::kEarlyReturn && t == 5) return;
    const int to = M == Mistake::kOffByOne ? t + 1 : M == Mistake::kRace && t == 9 ? 8 : t;
    store(shared + to, load(a.in + t));
    if constexpr (M == Mistake::kNoWarpBarrier) {
      warp_barrier();
    } else if constexpr (M != Mistake::kNoBarrier) {
      barrier();
    }
    store(a.out + t, load(shared + (63 - t)));
  }
};

TEST(HostRuntime, CountsWhatLaunchesMove) {
  const host::DeviceMemory in(64 * 4), out(64 * 4);
  std::memset(in.data(), 0, 64 * 4);
  host::set_kind(in.data(), host::Kind::kFilter);
  const std::string path = testing::TempDir() + "launch_notes.tsv";
  std::remove(path.c_str());
  host::write_notes_to(path);
  host::begin_section("title");
  for (int i = 0; i < 2; ++i) {
    launch<Reverse<Mistake::kNone>>(
        {static_cast<const float*>(in.data()), static_cast<float*>(out.data())}, 3, 1, 64 * 4,
        nullptr);
  }
  host::begin_section("");
  std::ifstream file(path);
  std::string title, notes;
  std::getline(file, title);
  std::getline(file, notes);
  EXPECT_EQ(title, "@\ttitle");
  // 6 blocks, 64 floats in and out, the same for all blocks of a launch.
  EXPECT_EQ(notes.substr(notes.find('\t')),
            "\t64\t256\t6\t3072\t0\t3072\t0\t512\t512\t0\t0\t0\t0\t0");
  host::write_notes_to("/dev/null");
}

template <Mistake M>
std::string fault_of_reverse() {
  const host::DeviceMemory in(64 * 4), out(64 * 4);
  auto* x = static_cast<float*>(in.data());
  for (int i = 0; i < 64; ++i) x[i] = static_cast<float>(i * i);
  try {
    launch<Reverse<M>>({x, static_cast<float*>(out.data())}, 3, 1, 64 * 4, nullptr);
  } catch (const host::Fault& fault) {
    return fault.what();
  }
  for (int i = 0; i < 64; ++i) EXPECT_EQ(static_cast<float*>(out.data())[i], x[63 - i]);
  return "";
}

TEST(HostRuntime, FindsWhatIsPlanted) {
  const auto has = [](const std::string& text, const char* part) {
    EXPECT_NE(text.find(part), std::string::npos) << text;
  };
  EXPECT_EQ(fault_of_reverse<Mistake::kNone>(), "");
  has(fault_of_reverse<Mistake::kNoBarrier>(), "in the same phase");
  has(fault_of_reverse<Mistake::kNoWarpBarrier>(), "in the same phase");
  has(fault_of_reverse<Mistake::kRace>(), "in the same phase");
  has(fault_of_reverse<Mistake::kOffByOne>(), "outside the block's");
  has(fault_of_reverse<Mistake::kEarlyReturn>(), "has returned");
}

/// A place that all lanes read, then one, each after a warp barrier; that one may write it.
template <bool Together>
struct ReadInTurn {
  static constexpr int kThreads = 32, kMinBlocks = 1;
  struct Args {
    float* out;
  };
  static HYENA_DEVICE void run(const Args& a) {
    auto* shared = shared_memory<float>();
    const int t = thread_index();
    store(shared + t, 1.0F);
    warp_barrier();
    float x = load(shared + (t + 1) % 32);
    if constexpr (!Together) warp_barrier();
    x += load(shared + t);
    store(shared + t, x);
    store(a.out + t, x);
  }
};

TEST(HostRuntime, WarpBarriersPartReadsFromWrites) {
  const host::DeviceMemory out(32 * 4);
  auto* p = static_cast<float*>(out.data());
  EXPECT_NO_THROW(launch<ReadInTurn<false>>({p}, 1, 1, 32 * 4, nullptr));
  EXPECT_THROW(launch<ReadInTurn<true>>({p}, 1, 1, 32 * 4, nullptr), host::Fault);
}

struct OutOfBounds {
  static constexpr int kThreads = 32, kMinBlocks = 1;
  struct Args {
    float* out;
    int shift;
  };
  static HYENA_DEVICE void run(const Args& a) { store(a.out + thread_index() + a.shift, 1.0F); }
};
struct Unaligned {
  static constexpr int kThreads = 1, kMinBlocks = 1;
  struct Args {
    float* out;
  };
  static HYENA_DEVICE void run(const Args& a) {
    store(reinterpret_cast<float4*>(a.out + 1), make_float4(1, 2, 3, 4));
  }
};

TEST(HostRuntime, ChecksEveryAddress) {
  const host::DeviceMemory out(32 * 4);
  auto* p = static_cast<float*>(out.data());
  EXPECT_NO_THROW(launch<OutOfBounds>({p, 0}, 1, 1, 0, nullptr));
  EXPECT_THROW(launch<OutOfBounds>({p, 1}, 1, 1, 0, nullptr), host::Fault);
  EXPECT_THROW(launch<OutOfBounds>({p, -1}, 1, 1, 0, nullptr), host::Fault);
  EXPECT_THROW(launch<Unaligned>({p}, 1, 1, 0, nullptr), host::Fault);
}

/// D = A · B, both through shared memory: A by asynchronous copies and ldmatrix, B transposed.
template <class T, bool Wait>
struct Product {
  static constexpr int kThreads = 32, kMinBlocks = 1;
  struct Args {
    const T* a;  // 16 x 16, row after row
    const T* b;  // 16 x 8
    float* d;    // 16 x 8
  };
  static HYENA_DEVICE void run(const Args& x) {
    T* a = shared_memory<T>();
    T* b = a + 256;
    const int lane = lane_index();
    copy_async<16>(a + 8 * lane, x.a + 8 * lane);
    if (lane < 16) copy_async<16>(b + 8 * lane, x.b + 8 * lane);
    copy_async_commit();
    copy_async_wait<Wait ? 0 : 1>();
    warp_barrier();
    unsigned fa[4], fb[2];
    load_matrix(fa, a + (lane % 16) * 16 + lane / 16 * 8);
    load_matrix_transposed(fb, b + lane % 16 * 8);
    float d[4] = {};
    mma<T>(d, fa, fb);
    const int row = lane / 4, column = lane % 4 * 2;
    store(reinterpret_cast<float2*>(x.d + row * 8 + column), make_float2(d[0], d[1]));
    store(reinterpret_cast<float2*>(x.d + (row + 8) * 8 + column), make_float2(d[2], d[3]));
    if constexpr (!Wait) {
      warp_barrier();
      copy_async_wait<0>();
    }
  }
};

template <class T>
double product_error(Type type) {
  std::mt19937 draw(7);
  std::normal_distribution<double> normal;
  const host::DeviceMemory a(256 * 2), b(128 * 2), d(128 * 4);
  for (int i = 0; i < 256; ++i) write_element(type, a.data(), i, normal(draw));
  for (int i = 0; i < 128; ++i) write_element(type, b.data(), i, normal(draw));
  launch<Product<T, true>>(
      {static_cast<T*>(a.data()), static_cast<T*>(b.data()), static_cast<float*>(d.data())}, 1, 1,
      384 * 2, nullptr);
  double difference = 0, norm = 0;
  for (int i = 0; i < 16; ++i) {
    for (int j = 0; j < 8; ++j) {
      double sum = 0;
      for (int n = 0; n < 16; ++n) {
        sum += read_element(type, a.data(), 16 * i + n) * read_element(type, b.data(), 8 * n + j);
      }
      const double x = static_cast<float*>(d.data())[8 * i + j] - sum;
      difference += x * x;
      norm += sum * sum;
    }
  }
  return std::sqrt(difference / norm);
}

TEST(HostRuntime, MultipliesFragments) {
  EXPECT_LT(product_error<Bf16>(Type::kBFloat16), 1e-6);
  EXPECT_LT(product_error<Half>(Type::kFloat16), 1e-6);
}

TEST(HostRuntime, CopiesArriveAtTheWait) {
  const host::DeviceMemory a(256 * 2), b(128 * 2), d(128 * 4);
  std::memset(a.data(), 0, 512);
  std::memset(b.data(), 0, 256);
  launch<Product<Bf16, false>>(
      {static_cast<Bf16*>(a.data()), static_cast<Bf16*>(b.data()), static_cast<float*>(d.data())},
      1, 1, 384 * 2, nullptr);
  EXPECT_TRUE(std::isnan(static_cast<float*>(d.data())[0]));
}

struct Words {
  static constexpr int kThreads = 64, kMinBlocks = 1;
  struct Args {
    int* out;
  };
  static HYENA_DEVICE void run(const Args& a) {
    const int lane = lane_index(), me = 100 * warp_index() + lane;
    const bool right = shuffle(me, 3) == 100 * warp_index() + 3 &&
                       shuffle_xor(me, 5) == 100 * warp_index() + (lane ^ 5) &&
                       shuffle_down(me, 4) == (lane < 28 ? me + 4 : me) &&
                       ballot(lane % 3 == 0) == 0x49249249U && any(lane == 31) && !all(lane < 31);
    store(a.out + thread_index(), right ? 1 : 0);
  }
};

TEST(HostRuntime, ShufflesAndVotes) {
  const host::DeviceMemory out(64 * 4);
  launch<Words>({static_cast<int*>(out.data())}, 1, 1, 0, nullptr);
  for (int i = 0; i < 64; ++i) EXPECT_EQ(static_cast<int*>(out.data())[i], 1) << i;
}

TEST(HostRuntime, RoundsLikeTheDefinition) {
  std::mt19937 draw(3);
  std::uniform_real_distribution<double> exponent(-30, 18), mantissa(1, 2);
  for (int i = 0; i < 20000; ++i) {
    const auto x = static_cast<float>((i % 2 ? 1 : -1) *
                                      std::ldexp(mantissa(draw), static_cast<int>(exponent(draw))));
    if (std::abs(x) < 65504) {
      EXPECT_EQ(to_float(from_float<Half>(x)), rounded(Type::kFloat16, x)) << x;
    }
    EXPECT_EQ(to_float(from_float<Bf16>(x)), rounded(Type::kBFloat16, x)) << x;
  }
}

}  // namespace
}  // namespace hyena::kernels::cuda
