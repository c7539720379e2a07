#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "kernels/cuda/stream.h"
#include "kernels/fftconv2d.h"
#include "kernels/tensors.h"

/// Gated long convolutions on a GPU, y = q ⊙ (h ∗ (k ⊙ v) + bias ⊙ (k ⊙ v)), over sequences and
/// grids. A Method is one way to compute it for one shape: it names the memory it needs and starts
/// kernels on the caller's stream. It allocates nothing, waits for nothing and keeps no state:
/// calls may be captured in a CUDA graph. All pointers are the device's; arithmetic is float32.
namespace hyena::kernels::cuda {

/// Signals (B, D, L) with neighbouring positions: element (b, d, t) lies b · batch + d · channel +
/// t elements behind `data`; positions of a grid go row after row. Null data: absent.
template <class Pointer>
struct SequencesOf {
  Pointer data = nullptr;
  std::int64_t batch = 0;
  std::int64_t channel = 0;
  explicit operator bool() const { return data != nullptr; }
};
using Sequences = SequencesOf<void*>;
using ConstSequences = SequencesOf<const void*>;

/// What a method is made for. A sequence is a grid of height 1.
struct Shape {
  Grid2d grid;                 ///< H, W, circular; L = H · W
  std::int64_t channels = 0;   ///< D
  Type type = Type::kFloat32;  ///< of the signals: float32, bfloat16 or float16
  /// Taps: sizes, centre and rows G, float32. Data and strides come with each call.
  std::int64_t rows = 0, taps_height = 1, taps_width = 0;
  std::int64_t centre_row = 0, centre_column = 0;

  std::int64_t length() const { return grid.height * grid.width; }
  bool sequence() const { return grid.height == 1 && taps_height == 1 && !grid.circular; }
  /// No tap reaches forward: lags 0, 1, … of a sequence.
  bool causal() const { return sequence() && centre_column == 0; }
};

/// What every call needs beside its tensors.
struct Call {
  const void* table = nullptr;  ///< Method::table(), copied to the device
  void* workspace = nullptr;    ///< as many bytes as the method asks for, aligned to 256
  Stream stream = nullptr;
};

struct Gradients {
  Sequences dq, dk, dv;    ///< dq and dk where q and k are there
  GridTaps dh;             ///< rows, sizes and centre of the shape; float32; may be absent
  float* dbias = nullptr;  ///< D values; may be absent
};

class Method {
 public:
  virtual ~Method() = default;
  virtual std::string name() const = 0;

  /// Constants that all calls read, e.g. twiddles: bytes, and the bytes themselves in host memory.
  virtual std::size_t table_bytes() const { return 0; }
  virtual void fill_table(void* /*host_memory*/) const {}

  /// A filter made ready, for all D channels, with its bias: bytes in the device's memory.
  virtual std::size_t filter_bytes() const = 0;
  virtual std::size_t prepare_workspace() const { return 0; }
  /// h: taps as the shape says. bias: D values or null. Writes `filter`.
  virtual void prepare(const Call& call, const ConstGridTaps& h, const float* bias,
                       void* filter) const = 0;

  virtual std::size_t forward_workspace(std::int64_t batch) const = 0;
  virtual void forward(const Call& call, std::int64_t batch, const void* filter, ConstSequences q,
                       ConstSequences k, ConstSequences v, Sequences y) const = 0;

  /// Gradients of Σ dy ⊙ y, all written, none added to. Nothing but q, k, v need be kept. The same
  /// bits each time.
  virtual std::size_t backward_workspace(std::int64_t batch) const = 0;
  virtual void backward(const Call& call, std::int64_t batch, const void* filter, ConstSequences q,
                        ConstSequences k, ConstSequences v, ConstSequences dy,
                        const Gradients& gradients) const = 0;
};

/// The methods there are, best first for what they serve. Each make() gives null for a shape that
/// it does not serve on that device.
struct MethodKind {
  const char* name;
  std::unique_ptr<Method> (*make)(const Shape&, const Device&);
  bool (*wins)(const Shape&) = nullptr;  ///< else it serves only who asks by name; null: always
};
extern const MethodKind kMethods[];
extern const int kMethodCount;

/// The first of kMethods that serves the shape, or the one called `name`. Throws ArgumentError when
/// the shape is wrong, no method serves it, or none has that name.
std::unique_ptr<Method> choose_method(const Shape& shape, const Device& device,
                                      const std::string& name = "");

}  // namespace hyena::kernels::cuda
