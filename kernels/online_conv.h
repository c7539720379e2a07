#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "kernels/executor.h"
#include "kernels/tensors.h"

/// Causal long convolutions whose input comes one position at a time,
///   y[t] = Σ_{k ≤ t} h[t − k] v[k] + bias v[t],
/// exact, in O(L log² L) for L positions: after each step the contribution of the last U inputs to
/// the next U outputs is added to what is pending, U the largest power of two that divides the
/// number of steps (relaxed multiplication; Oncescu et al. 2024, Flash Inference). A prompt goes in
/// at once, together with what it adds to all later outputs, and is forgotten (Agarwal et al. 2024,
/// FutureFill): positions count from its end.
///
/// Relative L2 error against exact sums: below 2e-6 in float32, 1e-14 in float64.
namespace hyena::kernels {

namespace cpu {
struct OnlineLevels;
}

enum class OnlineMethod {
  kTiled,  ///< as above
  kLazy,   ///< a sum over all steps taken so far, at every step: for comparison
};

struct OnlineOptions {
  OnlineMethod method = OnlineMethod::kTiled;
  /// Steps after the prompt, 1 to 2^22. Without end, where the filter has at most half as many
  /// taps.
  std::int64_t horizon = 0;
  /// Tiles of more than 128 positions are cut to pieces that run during the steps until their
  /// results are due: more work in all (1.4 times, measured
  /// over 16384 steps), no long step. Still exact.
  bool spread = false;
  /// 0 to below 1: shifts those pieces in time, so that several convolutions that step together do
  /// not run theirs at the same steps.
  double phase = 0;
};

/// A filter made ready for stepping. Immutable, cheap to copy, may serve several threads and
/// convolutions. Memory, with C the power of two from the horizon on, or, for a filter that goes on
/// without end, from its reach on: for float32 and lazy 4 · taps · D bytes, tiled 8 · C · D
/// (without end 16 · C · D), spread or not.
class OnlineFilter {
 public:
  /// h as of FilterSpectrum with centre 0; bias D values or null; float32 or float64. Both must
  /// stay where they are: each prefill reads them again. Throws ArgumentError.
  OnlineFilter(const ConstTaps& h, const void* bias, std::int64_t channels, Type type,
               const OnlineOptions& options, const Executor& executor = {});

  const cpu::OnlineLevels& get() const { return *levels_; }
  const OnlineOptions& options() const;
  std::int64_t channels() const;
  /// Bytes held.
  std::int64_t bytes() const;

 private:
  std::shared_ptr<const cpu::OnlineLevels> levels_;
};

/// The state of one convolution over `batch` sequences that step together, each after a prompt of
/// its own length. Memory: 2 · C · D numbers for each sequence; a prefill of P positions uses
/// about 6 · (P + C) · D numbers until it returns.
class OnlineConvolution {
 public:
  OnlineConvolution(const OnlineFilter& filter, std::int64_t batch);
  ~OnlineConvolution();
  OnlineConvolution(const OnlineConvolution& other);  ///< a fork: goes on on its own
  OnlineConvolution(OnlineConvolution&& other) noexcept;
  OnlineConvolution& operator=(const OnlineConvolution&) = delete;

  /// Starts anew behind prompts: `v` (B, P, D) where sequence b has lengths[b] ≤ P positions; what
  /// lies behind is not read. y (B, P, D) receives their outputs; behind a prompt's end it is left
  /// alone. May be called once or again; without it every sequence starts empty.
  void prefill(ConstRows v, std::int64_t positions, std::span<const std::int64_t> lengths, Rows y,
               const Executor& executor = {});

  /// One position of every sequence: v and y are B rows of D. Then the work that later steps build
  /// upon. Throws ArgumentError after the last step of the horizon.
  void step(ConstRows v, Rows y, const Executor& executor = {});

  std::int64_t steps() const;
  std::int64_t batch() const;
  std::int64_t bytes() const;
  const OnlineFilter& filter() const { return filter_; }

  /// All that the steps to come depend on. restore() takes what a convolution of the same filter,
  /// options and batch has saved, and throws ArgumentError for anything of another size.
  std::vector<std::byte> save() const;
  void restore(std::span<const std::byte> saved);

 private:
  template <class T>
  struct State;
  template <class F>
  auto visit(F&& f) const;

  OnlineFilter filter_;
  std::unique_ptr<State<float>> f32_;
  std::unique_ptr<State<double>> f64_;
};

}  // namespace hyena::kernels
