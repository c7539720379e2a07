#include <algorithm>
#include <cstdint>
#include <optional>

#include "kernels/cuda/methods.h"
#include "kernels/cuda/toeplitz.h"

namespace hyena::kernels::cuda {
namespace {

using namespace toeplitz;

constexpr std::int64_t kLongestCausal = 2048, kLongestCentred = 1024, kLargestGrid = 40 * 40;
/// Up to here operands have two parts whatever the signals' type: it costs little, and errors do
/// not average out over few terms.
constexpr std::int64_t kSplitPositions = 256;
constexpr int kMostLines = 16;  // that a sequence is cut into
/// Blocks of a launch for each processor, so that all end together: two of them are there at a
/// time, of the gradient's one.
constexpr int kConvolveBlocks = 8, kTapBlocks = 2;
constexpr int kReserved = 1 << 10;  // bytes of shared memory that each block costs beside its own
constexpr int kColumnsOfUnit = 64, kWarpsOfBlock = 8;  // of the kernels

int rounded_up(std::int64_t x, int multiple) {
  return static_cast<int>((x + multiple - 1) / multiple * multiple);
}
std::int64_t quotient_up(std::int64_t x, std::int64_t y) {
  return (x + y - 1) / y;
}

/// Lines, items and blocks for one batch.
struct Cut {
  Lines lines;
  Tile tile;
  int groups;  ///< blocks that share the batch
};

class Toeplitz : public Method {
 public:
  Toeplitz(const Shape& shape, const Device& device)
      : shape_(shape), lags_(lags_of(shape)), device_(device) {
    const auto length = static_cast<int>(shape.length());
    split_ = shape.type == Type::kFloat32 || length <= kSplitPositions;
    if (shape.sequence()) {
      const int margin = 16 * (kMostLines + 1), reach = rounded_up(length, 2) + margin;
      const int back = shape.causal() ? 80 : reach;
      bank_ = {-back, back + reach, 0};
    } else {
      const int line = 2 * rounded_up(shape.grid.width, 16);
      const auto height = static_cast<int>(shape.grid.height);
      bank_ = {-height * line, 2 * height * line, line};
    }
  }

  /// Whether a block's memory suffices for every batch.
  bool fits() const {
    return convolve_cut(1) && convolve_cut(kMostLines) && tap_cut(1) && tap_cut(kMostLines);
  }

  std::string name() const override { return "toeplitz"; }
  std::size_t filter_bytes() const override {
    return scales_bytes() + static_cast<std::size_t>(shape_.channels * bank_.words()) * 4;
  }
  std::size_t prepare_workspace() const override { return dense_bytes(); }
  void prepare(const Call& call, const ConstGridTaps& h, const float* bias,
               void* filter) const override {
    auto* dense = static_cast<float*>(call.workspace);
    gather_taps(shape_, lags_, h, bias, dense, call.stream);
    start_bank(bank_, lags_, dense, shape_.channels, const_cast<unsigned*>(words(filter)),
               static_cast<float*>(filter), call.stream);
  }

  std::size_t forward_workspace(std::int64_t) const override { return 0; }
  void forward(const Call& call, std::int64_t batch, const void* filter, ConstSequences q,
               ConstSequences k, ConstSequences v, Sequences y) const override {
    if (batch == 0) return;
    with_type(shape_.type, [&](auto type) {
      using T = decltype(type);
      convolve<T>(call, batch, filter, {task<T>(false, k, v, {q, y}, {})});
    });
  }

  std::size_t backward_workspace(std::int64_t batch) const override {
    return dense_bytes() + static_cast<std::size_t>(parts_floats(batch)) * sizeof(float);
  }
  void backward(const Call& call, std::int64_t batch, const void* filter, ConstSequences q,
                ConstSequences k, ConstSequences v, ConstSequences dy,
                const Gradients& gradients) const override {
    if (batch != 0) {
      with_type(shape_.type, [&](auto type) {
        using T = decltype(type);
        const auto back = task<T>(true, q, dy, {k, gradients.dv}, {v, gradients.dk});
        if (gradients.dq) {
          convolve<T>(call, batch, filter, {task<T>(false, k, v, {dy, gradients.dq}, {}), back});
        } else {
          convolve<T>(call, batch, filter, {back});
        }
      });
    }
    if (!gradients.dh && gradients.dbias == nullptr) return;
    auto* dense = static_cast<float*>(call.workspace);
    auto* parts = reinterpret_cast<float*>(static_cast<char*>(call.workspace) + dense_bytes());
    const Cut c = *tap_cut(batch);
    if (batch != 0) {
      with_type(shape_.type, [&](auto type) {
        using T = decltype(type);
        TapGradientArgs<T> args{c.lines,         c.tile,        signal<T>(q), signal<T>(k),
                                signal<T>(v),    signal<T>(dy), parts,        batch,
                                shape_.channels, c.groups,      split_,       true};
        args.pairs = pairs(c.lines, {args.q, args.k, args.v, args.dy});
        start_tap_gradient(args, call.stream);
      });
    }
    start_tap_sum(c.lines, lags_, parts, batch != 0 ? c.groups : 0, shape_.channels, dense,
                  call.stream);
    fold_gradients(shape_, lags_, dense, gradients.dh, gradients.dbias, call.stream);
  }

 private:
  struct Output {
    ConstSequences gate;
    Sequences to;
  };

  template <class T>
  static Task<T> task(bool transposed, const ConstSequences& a, const ConstSequences& b,
                      const Output& first, const Output& second) {
    return {signal<T>(a),
            signal<T>(b),
            {signal<T>(first.gate), signal<T>(second.gate)},
            {signal<T>(first.to), signal<T>(second.to)},
            transposed};
  }
  template <class T>
  void convolve(const Call& call, std::int64_t batch, const void* filter,
                std::initializer_list<Task<T>> tasks) const {
    const Cut c = *convolve_cut(batch);
    ConvolveArgs<T> args{c.lines, c.tile, bank_, words(filter),   static_cast<const float*>(filter),
                         {},      0,      batch, shape_.channels, split_,
                         true};
    for (const Task<T>& t : tasks) {
      args.tasks[args.count++] = t;
      args.pairs = args.pairs && pairs(c.lines, {t.a, t.b, t.gate[0], t.gate[1]}) &&
                   pairs(c.lines, {t.out[0], t.out[1]});
    }
    start_convolve(args, call.stream);
  }

  /// Whether any two neighbours from an even position on lie in one aligned word.
  template <class T>
  static bool pairs(const Lines& lines, std::initializer_list<Signal<T>> signals) {
    return std::all_of(signals.begin(), signals.end(), [&](const Signal<T>& s) {
      return s.data == nullptr ||
             (reinterpret_cast<std::uintptr_t>(s.data) % (2 * sizeof(T)) == 0 && s.batch % 2 == 0 &&
              s.channel % 2 == 0 && (lines.height == 1 || lines.width % 2 == 0));
    });
  }

  Lines lines(std::int64_t pieces) const {
    const auto length = static_cast<int>(shape_.length());
    if (!shape_.sequence()) {
      const auto width = static_cast<int>(shape_.grid.width);
      return {static_cast<int>(shape_.grid.height),
              width,
              length,
              rounded_up(width, 16),
              bank_.line,
              false};
    }
    const int width = rounded_up(quotient_up(length, pieces), 16);
    return {
        static_cast<int>(quotient_up(length, width)), width, length, width, width, shape_.causal()};
  }

  using SharedBytes = std::size_t (*)(const Lines&, const Tile&, bool);

  /// Items of a tile: as many as give each warp work, if they fit in `budget` bytes; 0 where fewer
  /// than 16 rows of a product would be in use although the items could be cut into more lines.
  int items_that_fit(const Lines& l, std::int64_t batch, SharedBytes shared_bytes,
                     int budget) const {
    const std::int64_t units = quotient_up(l.columns, kColumnsOfUnit);
    const std::int64_t rows = 16 * quotient_up(kWarpsOfBlock, units);
    const std::int64_t fewest = std::min(batch, quotient_up(16, l.height));
    Tile tile;
    tile.items = static_cast<int>(std::clamp(rows / l.height, fewest, batch));
    const std::int64_t least = shape_.sequence() ? fewest : 1;
    for (; tile.items >= least; --tile.items) {
      if (shared_bytes(l, tile, split_) <= static_cast<std::size_t>(budget)) return tile.items;
    }
    return 0;
  }
  std::optional<Cut> cut(std::int64_t batch, SharedBytes shared_bytes, int budget,
                         int processor_blocks) const {
    for (auto pieces = std::clamp<std::int64_t>(quotient_up(16, batch), 1, kMostLines);
         pieces <= kMostLines; pieces *= 2) {
      const Lines l = lines(pieces);
      const int items = items_that_fit(l, batch, shared_bytes, budget);
      if (items == 0) continue;
      const std::int64_t tiles = quotient_up(batch, items);
      const std::int64_t wanted = processor_blocks * device_.multiprocessors;
      const std::int64_t blocks = std::min(quotient_up(wanted, shape_.channels), tiles);
      const auto per_block = static_cast<int>(quotient_up(tiles, blocks) * items);
      return Cut{l, {items, per_block}, static_cast<int>(quotient_up(batch, per_block))};
    }
    return std::nullopt;
  }
  /// With memory for two blocks on a processor if that can be had.
  std::optional<Cut> convolve_cut(std::int64_t batch) const {
    const int all = device_.shared_per_block;
    const auto two = cut(batch, &convolve_shared_bytes, (all - kReserved) / 2, kConvolveBlocks);
    return two ? two : cut(batch, &convolve_shared_bytes, all, kConvolveBlocks);
  }
  std::optional<Cut> tap_cut(std::int64_t batch) const {
    return cut(std::max<std::int64_t>(batch, 1), &tap_gradient_shared_bytes,
               device_.shared_per_block, kTapBlocks);
  }
  std::int64_t parts_floats(std::int64_t batch) const {
    const Cut c = *tap_cut(batch);
    return tap_gradient_floats(c.lines, c.groups, shape_.channels);
  }

  std::size_t scales_bytes() const {
    return static_cast<std::size_t>(rounded_up(shape_.channels, 64)) * sizeof(float);
  }
  std::size_t dense_bytes() const {
    return static_cast<std::size_t>(shape_.channels * lags_.count()) * sizeof(float);
  }
  const unsigned* words(const void* filter) const {
    return reinterpret_cast<const unsigned*>(static_cast<const char*>(filter) + scales_bytes());
  }

  Shape shape_;
  Lags lags_;
  Device device_;
  Bank bank_;
  bool split_;
};

}  // namespace

std::unique_ptr<Method> make_toeplitz(const Shape& shape, const Device& device) {
  const std::int64_t longest = !shape.sequence() ? kLargestGrid
                               : shape.causal()  ? kLongestCausal
                                                 : kLongestCentred;
  if (shape.length() > longest) return nullptr;
  auto method = std::make_unique<Toeplitz>(shape, device);
  return method->fits() ? std::move(method) : nullptr;
}

bool toeplitz_wins(const Shape& shape) {
  // Operations of the product against those of transforms; float32 signals need three products.
  const std::int64_t parts = shape.type == Type::kFloat32 ? 2 : 1;
  const std::int64_t longest = !shape.sequence() ? kLargestGrid : shape.causal() ? 1024 : 512;
  return shape.length() * parts <= longest;
}

}  // namespace hyena::kernels::cuda
