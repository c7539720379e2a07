#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <type_traits>

#include "kernels/cuda/device.h"
#include "kernels/cuda/stream.h"

/// The words of kernels/cuda/device.h on the CPU. A launch runs its blocks one after the other,
/// each thread of a block as a fiber; warps and lanes go on in random order. Watched are
///   - every access: inside a buffer of DeviceMemory or the block's shared memory, and aligned;
///   - shared memory: filled with NaN before each block; two threads that touch the same bytes, one
///     of them writing, with no barrier (or, within a warp, warp_barrier) between: a conflict;
///   - barriers: all threads of the block at the same line; warp words: all lanes at the same word;
///   - asynchronous copies: NaN until the wait.
/// What is found stops the launch with a Fault. Not watched: bank conflicts, order between blocks.
#define HYENA_DEVICE inline
#define HYENA_HOST_DEVICE inline
#define HYENA_UNROLL
#define HYENA_KEEP_LOOP

namespace hyena::kernels::cuda {

namespace host {

/// A mistake of device code: kernel, block, thread, source line and reason.
class Fault : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct Site {
  const char* file;
  int line;
};

/// What the running thread knows of itself.
struct Thread {
  int index = 0, block = 0, row = 0;
};
extern thread_local Thread* current;

enum class Word { kNone, kBarrier, kWarpBarrier, kShuffle, kVote, kMma, kLoadMatrix };

/// Checks one access and returns; a Fault otherwise.
void check_access(const void* p, std::size_t bytes, std::size_t alignment, bool write, Site site);
void* shared_base();
void wait_at_barrier(Site site);
/// All lanes of the warp meet; the last to come runs `act` over what the lanes brought.
void meet(Word word, const void* brought, void (*act)(const void* const* lanes), Site site);
void issue_copy(void* shared, const void* global, std::size_t bytes, Site site);
void commit_copies();
void wait_copies(int left, Site site);

struct Grid {
  std::int64_t blocks, rows;
  int threads;
  std::size_t shared_bytes;
};
void run(const char* kernel, const Grid& grid, void (*body)(const void*), const void* args);

/// Memory of somebody else that device code may touch from now on, until unwatch().
void watch(const void* memory, std::size_t bytes);
void unwatch(const void* memory);

/// Memory that device code may touch, aligned to 256 bytes, filled with NaN.
class DeviceMemory {
 public:
  explicit DeviceMemory(std::size_t bytes);
  ~DeviceMemory();
  DeviceMemory(const DeviceMemory&) = delete;
  DeviceMemory& operator=(const DeviceMemory&) = delete;
  void* data() const { return data_; }

 private:
  void* data_;
  std::size_t bytes_;
};

/// Seed of the order in which threads go on; barriers that a launch met.
void set_seed(std::uint64_t seed);

constexpr int kWarp = 32;
/// Every lane's value, and what each lane gets back.
template <class T>
struct Exchange {
  T given, taken;
  int lane;
};

}  // namespace host

#define HYENA_SITE_ARGUMENTS const char *file = __builtin_FILE(), int line = __builtin_LINE()
#define HYENA_SITE \
  host::Site {     \
    file, line     \
  }

inline int thread_index() {
  return host::current->index;
}
inline int block_index() {
  return host::current->block;
}
inline int block_row() {
  return host::current->row;
}
inline int lane_index() {
  return host::current->index % host::kWarp;
}
inline int warp_index() {
  return host::current->index / host::kWarp;
}

template <class T>
T* shared_memory() {
  return static_cast<T*>(host::shared_base());
}

template <class T>
T load(const T* p, HYENA_SITE_ARGUMENTS) {
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= 16);
  host::check_access(p, sizeof(T), sizeof(T), false, HYENA_SITE);
  T x;
  std::memcpy(&x, p, sizeof(T));
  return x;
}
template <class T>
void store(T* p, std::type_identity_t<T> x, HYENA_SITE_ARGUMENTS) {
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= 16);
  host::check_access(p, sizeof(T), sizeof(T), true, HYENA_SITE);
  std::memcpy(p, &x, sizeof(T));
}
template <class T>
T load_once(const T* p, HYENA_SITE_ARGUMENTS) {
  return load(p, file, line);
}
template <class T>
void store_once(T* p, std::type_identity_t<T> x, HYENA_SITE_ARGUMENTS) {
  store(p, x, file, line);
}

inline void barrier(HYENA_SITE_ARGUMENTS) {
  host::wait_at_barrier(HYENA_SITE);
}
inline void warp_barrier(HYENA_SITE_ARGUMENTS) {
  host::meet(
      host::Word::kWarpBarrier, nullptr, [](const void* const*) {}, HYENA_SITE);
}

namespace host {
template <class T, class From>
T shuffle_from(T x, int source, From, Site site) {
  Exchange<T> mine{x, x, source};
  meet(
      Word::kShuffle, &mine,
      [](const void* const* lanes) {
        const auto at = [lanes](int lane) {
          return const_cast<Exchange<T>*>(static_cast<const Exchange<T>*>(lanes[lane]));
        };
        for (int lane = 0; lane < kWarp; ++lane) {
          if (at(lane) == nullptr) continue;
          const int from = at(lane)->lane;
          // Beyond the warp a lane gets its own value; a lane that is not there gives NaN bits.
          if (from < 0 || from >= kWarp) continue;
          if (at(from) == nullptr) {
            std::memset(&at(lane)->taken, 0xFF, sizeof(T));
          } else {
            at(lane)->taken = at(from)->given;
          }
        }
      },
      site);
  return mine.taken;
}
struct Vote {
  bool p;
  unsigned result;
};
inline unsigned vote(bool p, Site site) {
  Vote mine{p, 0};
  meet(
      Word::kVote, &mine,
      [](const void* const* lanes) {
        unsigned result = 0;
        for (int lane = 0; lane < kWarp; ++lane) {
          const auto* v = static_cast<const Vote*>(lanes[lane]);
          if (v != nullptr && v->p) result |= 1U << lane;
        }
        for (int lane = 0; lane < kWarp; ++lane) {
          if (lanes[lane] != nullptr) {
            const_cast<Vote*>(static_cast<const Vote*>(lanes[lane]))->result = result;
          }
        }
      },
      site);
  return mine.result;
}
}  // namespace host

template <class T>
T shuffle(T x, int lane, HYENA_SITE_ARGUMENTS) {
  return host::shuffle_from(x, lane % host::kWarp, 0, HYENA_SITE);
}
template <class T>
T shuffle_xor(T x, int mask, HYENA_SITE_ARGUMENTS) {
  return host::shuffle_from(x, lane_index() ^ mask, 0, HYENA_SITE);
}
template <class T>
T shuffle_down(T x, int delta, HYENA_SITE_ARGUMENTS) {
  return host::shuffle_from(x, lane_index() + delta, 0, HYENA_SITE);
}
inline unsigned ballot(bool p, HYENA_SITE_ARGUMENTS) {
  return host::vote(p, HYENA_SITE);
}
inline bool any(bool p, HYENA_SITE_ARGUMENTS) {
  return host::vote(p, HYENA_SITE) != 0;
}
inline bool all(bool p, HYENA_SITE_ARGUMENTS) {
  return host::vote(!p, HYENA_SITE) == 0;
}

inline float to_float(float x) {
  return x;
}
inline float to_float(Bf16 x) {
  const std::uint32_t bits = static_cast<std::uint32_t>(x.bits) << 16;
  float y;
  std::memcpy(&y, &bits, 4);
  return y;
}
float to_float(Half x);
template <class T>
T from_float(float x);
template <>
inline float from_float<float>(float x) {
  return x;
}
template <>
Bf16 from_float<Bf16>(float x);
template <>
Half from_float<Half>(float x);
template <class T>
unsigned pack_floats(float low, float high) {
  return from_float<T>(low).bits | static_cast<unsigned>(from_float<T>(high).bits) << 16;
}

namespace host {
struct Fragments {
  float* d;
  const unsigned* a;
  const unsigned* b;
};
/// D += A · B with the fragments of 32 lanes laid out as the PTX manual says for m16n8k16:
/// g = lane / 4, t = lane % 4; a[0] row g, columns 2t, 2t+1; a[1] row g+8; a[2] columns + 8; a[3]
/// both; b[0] rows 2t, 2t+1, column g; b[1] rows + 8; d[0], d[1] row g, columns 2t, 2t+1; d[2],
/// d[3] row g+8. Sums are cut to float32, towards zero, as tensor cores are known to do: long
/// chains of mma drift here as there.
template <class T>
void multiply_fragments(const void* const* lanes) {
  float a[16][16], b[16][8];
  const auto half = [](unsigned word, int which) {
    return to_float(T{static_cast<std::uint16_t>(word >> (16 * which))});
  };
  for (int lane = 0; lane < kWarp; ++lane) {
    const auto& f = *static_cast<const Fragments*>(lanes[lane]);
    const int g = lane / 4, t = lane % 4;
    for (int r = 0; r < 4; ++r) {
      for (int e = 0; e < 2; ++e) {
        a[g + r % 2 * 8][2 * t + e + r / 2 * 8] = half(f.a[r], e);
        if (r < 2) b[2 * t + e + 8 * r][g] = half(f.b[r], e);
      }
    }
  }
  for (int lane = 0; lane < kWarp; ++lane) {
    const auto& f = *static_cast<const Fragments*>(lanes[lane]);
    for (int r = 0; r < 4; ++r) {
      const int row = lane / 4 + r / 2 * 8, column = lane % 4 * 2 + r % 2;
      double sum = f.d[r];
      for (int k = 0; k < 16; ++k) sum += static_cast<double>(a[row][k]) * b[k][column];
      const auto nearest = static_cast<float>(sum);
      f.d[r] = std::abs(nearest) > std::abs(sum) ? std::nextafterf(nearest, 0.0F) : nearest;
    }
  }
}
void load_tiles(unsigned* r, int tiles, bool transposed, const void* row, Site site);
}  // namespace host

template <class T>
void mma(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2], HYENA_SITE_ARGUMENTS) {
  const host::Fragments mine{d, a, b};
  host::meet(host::Word::kMma, &mine, &host::multiply_fragments<T>, HYENA_SITE);
}
template <int N>
void load_matrix(unsigned (&r)[N], const void* row, HYENA_SITE_ARGUMENTS) {
  host::load_tiles(r, N, false, row, HYENA_SITE);
}
template <int N>
void load_matrix_transposed(unsigned (&r)[N], const void* row, HYENA_SITE_ARGUMENTS) {
  host::load_tiles(r, N, true, row, HYENA_SITE);
}
template <int Bytes>
void copy_async(void* shared, const void* global, HYENA_SITE_ARGUMENTS) {
  static_assert(Bytes == 16);
  host::issue_copy(shared, global, Bytes, HYENA_SITE);
}
inline void copy_async_commit() {
  host::commit_copies();
}
template <int N>
void copy_async_wait(HYENA_SITE_ARGUMENTS) {
  host::wait_copies(N, HYENA_SITE);
}
inline void atomic_add(float* p, float x, HYENA_SITE_ARGUMENTS) {
  host::check_access(p, 4, 4, false, HYENA_SITE);
  *p += x;
}
inline int opaque(int i) {
  return i;
}
inline float fma(float x, float y, float z) {
  return x * y + z;
}

inline float sine(float x) {
  return std::sin(x);
}
inline float cosine(float x) {
  return std::cos(x);
}
inline float exponential(float x) {
  return std::exp(x);
}

struct alignas(8) float2 {
  float x, y;
};
struct alignas(16) float4 {
  float x, y, z, w;
};
inline float2 make_float2(float x, float y) {
  return {x, y};
}
inline float4 make_float4(float x, float y, float z, float w) {
  return {x, y, z, w};
}

template <class Kernel>
void launch(const typename Kernel::Args& args, std::int64_t blocks, std::int64_t rows,
            std::size_t shared_bytes, Stream) {
  static_assert(std::is_trivially_copyable_v<typename Kernel::Args>);
  static_assert(Kernel::kMinBlocks >= 1);
  host::run(
      __PRETTY_FUNCTION__, {blocks, rows, Kernel::kThreads, shared_bytes},
      [](const void* a) { Kernel::run(*static_cast<const typename Kernel::Args*>(a)); }, &args);
}
void zero_fill(void* memory, std::size_t bytes, Stream stream);

}  // namespace hyena::kernels::cuda
