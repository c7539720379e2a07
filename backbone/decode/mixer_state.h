#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <ATen/core/Tensor.h>

namespace hyena::backbone {

/// What a mixer must know to decode. Only float32 and float64 on the CPU.
struct MixerDecodeOptions {
  std::int64_t batch = 1;
  std::int64_t max_length = 0;  ///< tokens of a sequence, prompt and all
  std::int64_t horizon = 0;     ///< steps after the prompt at most
  bool lazy = false;            ///< long convolutions as sums over all past inputs
  bool spread = false;          ///< cut large tiles to pieces (kernels/online_conv.h)
  double phase = 0;             ///< when these run, 0 to below 1
};

/// Bytes of a saved state, written and read in the same order, and read once.
class StateBytes {
 public:
  std::vector<std::byte> bytes;

  template <class T>
  void put(std::span<const T> values) {
    const std::int64_t size = static_cast<std::int64_t>(values.size_bytes());
    append(&size, sizeof(size));
    append(values.data(), values.size_bytes());
  }
  /// As many values as were put; throws OptionError where that is not a multiple of T, or past the
  /// end.
  template <class T>
  std::vector<T> take() {
    std::vector<T> values(next_size(sizeof(T)) / sizeof(T));
    copy_next(values.data(), values.size() * sizeof(T));
    return values;
  }
  /// The same into memory that must have the right size.
  template <class T>
  void take(std::span<T> to) {
    expect(next_size(sizeof(T)), to.size_bytes());
    copy_next(to.data(), to.size_bytes());
  }

 private:
  void append(const void* data, std::size_t size);
  std::size_t next_size(std::size_t unit);
  void copy_next(void* to, std::size_t size);
  std::size_t left() const { return bytes.size() > read_ ? bytes.size() - read_ : 0; }
  static void expect(std::size_t have, std::size_t wanted);

  std::size_t read_ = 0;
};

/// A mixer in the middle of sequences that grow by a token at a time, each with its own length.
class MixerState {
 public:
  MixerState() = default;
  MixerState& operator=(const MixerState&) = delete;
  virtual ~MixerState() = default;

  /// Starts anew: x (B, P, D) holds prompts, that of sequence b in its first lengths[b] positions →
  /// (B, P, D); behind a prompt's end anything.
  virtual at::Tensor prefill(const at::Tensor& x, std::span<const std::int64_t> lengths) = 0;

  /// One token of each sequence: x and y (B, D) of the mixer's dtype, packed, not the same memory.
  virtual void step(const void* x, void* y) = 0;

  /// A copy that goes on on its own; weights are shared.
  virtual std::unique_ptr<MixerState> fork() const = 0;
  virtual void save(StateBytes& to) const = 0;
  /// Throws OptionError for what another mixer or other options saved.
  virtual void restore(StateBytes& from) = 0;

  virtual std::int64_t state_bytes() const = 0;   ///< of this state alone
  virtual std::int64_t weight_bytes() const = 0;  ///< packed weights and filters, shared by forks

 protected:
  MixerState(const MixerState&) = default;
};

}  // namespace hyena::backbone
