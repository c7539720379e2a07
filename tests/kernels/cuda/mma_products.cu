#include "kernels/cuda/launch.h"
#include "tests/kernels/cuda/mma_products.h"

namespace hyena::kernels::cuda {
namespace {

template <class T, FragmentPath Path>
struct Product {
  static constexpr int kThreads = 32, kMinBlocks = 1;
  static constexpr int kPitch = 24;  // elements from row to row: 48 bytes, rows stay aligned
  struct Args {
    const T *a, *b;  // as they lie in memory for this path
    float* d;
  };

  /// A matrix of `columns` (a multiple of 8) to shared memory, its second half a group later.
  static HYENA_DEVICE void fetch(T* to, const T* from, int rows, int columns) {
    const int chunks = rows * columns / 8;
    for (int half = 0; half < 2; ++half) {
      for (int c = lane_index() + half * chunks / 2; c < (half + 1) * chunks / 2; c += 32) {
        const int row = c * 8 / columns, column = c * 8 % columns;
        copy_async<16>(to + row * kPitch + column, from + row * columns + column);
      }
      copy_async_commit();
    }
  }
  static HYENA_DEVICE unsigned pair(const T* p, int step) {
    return load(p).bits | static_cast<unsigned>(load(p + step).bits) << 16;
  }

  static HYENA_DEVICE void run(const Args& args) {
    constexpr bool kTransposed = Path == FragmentPath::kTransposed;
    constexpr bool kBAsColumns = Path == FragmentPath::kRows || Path == FragmentPath::kSingles;
    T* a = shared_memory<T>();
    T* b = a + 16 * kPitch;
    fetch(a, args.a, 16, 16);
    fetch(b, args.b, kBAsColumns ? 8 : 16, kBAsColumns ? 16 : 8);
    copy_async_wait<2>();  // a
    copy_async_wait<0>();
    warp_barrier();
    const int lane = lane_index(), g = lane / 4, t = lane % 4;
    const int tile = lane / 8, row = lane % 8;
    unsigned fa[4], fb[2];
    if constexpr (Path == FragmentPath::kByHand) {
      for (int r = 0; r < 4; ++r) {
        fa[r] = pair(a + (g + r % 2 * 8) * kPitch + 2 * t + r / 2 * 8, 1);
      }
      for (int r = 0; r < 2; ++r) fb[r] = pair(b + (2 * t + 8 * r) * kPitch + g, kPitch);
    } else if constexpr (Path == FragmentPath::kRows) {
      load_matrix(fa, a + (tile % 2 * 8 + row) * kPitch + tile / 2 * 8);
      load_matrix(fb, b + row * kPitch + tile % 2 * 8);
    } else if constexpr (kTransposed) {
      load_matrix_transposed(fa, a + (tile / 2 * 8 + row) * kPitch + tile % 2 * 8);
      load_matrix_transposed(fb, b + (tile % 2 * 8 + row) * kPitch);
    } else {
      unsigned word[1];
      for (int r = 0; r < 4; ++r) {
        load_matrix(word, a + (r % 2 * 8 + row) * kPitch + r / 2 * 8);
        fa[r] = word[0];
      }
      for (int r = 0; r < 2; ++r) {
        load_matrix(word, b + row * kPitch + r * 8);
        fb[r] = word[0];
      }
    }
    float d[4] = {0, 0, 0, 0};
    mma<T>(d, fa, fb);
    for (int r = 0; r < 4; ++r) store(args.d + (g + r / 2 * 8) * 8 + 2 * t + r % 2, d[r]);
  }
};

template <class T, FragmentPath Path>
void start(const void* a, const void* b, float* d) {
  using Kernel = Product<T, Path>;
  launch<Kernel>({static_cast<const T*>(a), static_cast<const T*>(b), d}, 1, 1,
                 32 * Kernel::kPitch * sizeof(T), nullptr);
}

template <class T>
void start(FragmentPath path, const void* a, const void* at, const void* b, const void* bt,
           float* d) {
  switch (path) {
    case FragmentPath::kByHand:
      return start<T, FragmentPath::kByHand>(a, b, d);
    case FragmentPath::kRows:
      return start<T, FragmentPath::kRows>(a, bt, d);
    case FragmentPath::kTransposed:
      return start<T, FragmentPath::kTransposed>(at, b, d);
    case FragmentPath::kSingles:
      return start<T, FragmentPath::kSingles>(a, bt, d);
  }
}

}  // namespace

void multiply_on_device(Type type, FragmentPath path, const void* a, const void* at, const void* b,
                        const void* bt, float* d) {
  if (type == Type::kBFloat16) {
    start<Bf16>(path, a, at, b, bt, d);
  } else {
    start<Half>(path, a, at, b, bt, d);
  }
}

}  // namespace hyena::kernels::cuda
