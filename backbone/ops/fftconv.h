#pragma once

#include <functional>
#include <vector>

#include <ATen/core/Tensor.h>

/// The long convolutions of the project. Models call these and nothing below them. On the CPU the
/// arithmetic is hyena::kernels with gradients written by hand (once differentiable), elsewhere, or
/// where Composition asks for it, LibTorch's FFT.
///
/// Shapes are logical: a (B, D, L) argument may be a transposed view of a (B, L, D) tensor, which
/// is the layout that our kernels read as it is; others are copied. Inputs may be float64, float32,
/// float16 or bfloat16; the arithmetic is float32 (float64 for float64 inputs) also under autocast,
/// because the rounding of a low-precision FFT grows with the largest sample of the sequence; the
/// result has the dtype of the signal. All functions are differentiable in every tensor argument.
namespace hyena::backbone {

/// Where lag 0 sits in a 1-D filter.
enum class Support {
  kCausal,  ///< tap 0: h holds lags 0 … K−1
  kCentred,  ///< tap K/2 (integer division): lags −K/2 … K−1−K/2; K = 2L−1 reaches every pair
};

/// Long convolution with skip term, per channel:
///   y[b,d,t] = Σ_s h[d, c+t−s] · u[b,d,s] + bias[d] · u[b,d,t],   c = 0 or K/2
///   u     (B, D, L)
///   h     (G, K)  with G dividing D: channel d uses row d mod G. Lags that no pair of positions
///   has
///                 are ignored; lags beyond the last tap are zero.
///   bias  (D), or undefined for none
/// Returns (B, D, L). Throws c10::Error that names the argument for a wrong shape, dtype or device.
/// Source: safari's fftconv_ref (causal), HyenaPixel's fftconv (centred).
at::Tensor fftconv(const at::Tensor& u, const at::Tensor& h, const at::Tensor& bias = {},
                   Support support = Support::kCausal);

/// Hyena's step: y = q ⊙ (h ∗ (k ⊙ v) + bias ⊙ (k ⊙ v)); q and k (B, D, L) may be undefined.
at::Tensor gated_fftconv(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                         const at::Tensor& h, const at::Tensor& bias = {},
                         Support support = Support::kCausal);

/// While alive, the functions of this file compute with LibTorch's FFT on this thread: the second
/// way to the same numbers, for tests and measurements, differentiable any number of times.
class Composition {
 public:
  Composition();
  ~Composition();
  static bool alive();
  Composition(const Composition&) = delete;
  Composition& operator=(const Composition&) = delete;

 private:
  bool outer_;
};

/// What lies outside the map in a 2-D convolution.
enum class Boundary { kZero, kCircular };

/// The same over maps:
///   y[b,d,i,j] = Σ_{a,e} h[d,a,e] · u[b,d, i+cr−a, j+cc−e] + bias[d] · u[b,d,i,j]
/// with (cr, cc) = (KH/2, KW/2) when `centred`, else (0, 0).
///   u (B, D, H, W), h (G, KH, KW), bias (D) or undefined → (B, D, H, W)
/// With zeros outside, a circular transform of max(2H, KH/2+H) rows suffices (fewer are taken when
/// the kernel is small). Source: HyenaPixel's fftconv2d; the circular form is the definition.
at::Tensor fftconv2d(const at::Tensor& u, const at::Tensor& h, const at::Tensor& bias = {},
                     Boundary boundary = Boundary::kZero, bool centred = true);

/// Hyena's step over maps: y = q ⊙ (h ∗ (k ⊙ v) + bias ⊙ (k ⊙ v)); q and k may be undefined.
at::Tensor gated_fftconv2d(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                           const at::Tensor& h, const at::Tensor& bias = {},
                           Boundary boundary = Boundary::kZero, bool centred = true);

/// Three streams of channels, one behind the other, with short filters.
struct ShortStreams {
  bool causal = true;     ///< the short filters: looking back, or centred (on maps always)
  std::int64_t gate = 0;  ///< which stream is q; the other two are k and v
};

/// All between the projections of a Hyena operator of order 2:
///   (q, k, v) = short_conv(x),   y = gated_fftconv(q, k, v, h, bias)
///   x (B, 3D, L) with short_weight (3D, 1, K) and short_bias (3D) or undefined, as of
///   short_conv(); h, bias, support as of fftconv()
/// Returns (B, D, L) in the dtype of x (of autocast, when that is on). On the CPU the streams are
/// read once and never written: one kernel from x to y.
at::Tensor hyena_conv(const at::Tensor& x, const at::Tensor& short_weight,
                      const at::Tensor& short_bias, const at::Tensor& h, const at::Tensor& bias,
                      Support support, const ShortStreams& streams);

/// The same over maps: x (B, 3D, H, W), short_weight (3D, 1, K, K) as of short_conv2d(), the rest
/// as of fftconv2d(). Returns (B, D, H, W).
at::Tensor hyena_conv2d(const at::Tensor& x, const at::Tensor& short_weight,
                        const at::Tensor& short_bias, const at::Tensor& h, const at::Tensor& bias,
                        Boundary boundary, bool centred, const ShortStreams& streams);

/// A filter with its bias, made ready for signals of one length (or map) and dtype: what inference
/// keeps between calls, since for few sequences at a time the filter costs as much as the
/// convolution. On the CPU it holds the spectrum (8 bytes a tap), elsewhere the taps. No gradients.
class PreparedFilter {
 public:
  /// h, bias and support or boundary as of fftconv() and fftconv2d(), for `like`: any tensor of the
  /// signal's shape but for the batch, dtype and device. Throws like them.
  PreparedFilter(const at::Tensor& h, const at::Tensor& bias, Support support,
                 const at::Tensor& like);
  PreparedFilter(const at::Tensor& h, const at::Tensor& bias, Boundary boundary, bool centred,
                 const at::Tensor& like);

  /// q ⊙ (h ∗ (k ⊙ v) + bias ⊙ (k ⊙ v)); q and k may be undefined.
  at::Tensor convolve(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) const;

  /// As hyena_conv() and hyena_conv2d().
  at::Tensor convolve_streams(const at::Tensor& x, const at::Tensor& short_weight,
                              const at::Tensor& short_bias, const ShortStreams& streams) const;

 private:
  using Gated =
      std::function<at::Tensor(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v)>;
  using Streams =
      std::function<at::Tensor(const at::Tensor& x, const at::Tensor& short_weight,
                               const at::Tensor& short_bias, const ShortStreams& streams)>;
  Gated gated_;
  Streams streams_;  ///< where the streams have a kernel of their own
  void check_signal(const at::Tensor& v) const;

  std::vector<std::int64_t> signal_;  ///< channels and positions it was made for
  double points_ = 0;                 ///< of a transform, as FLOPs are counted
};

}  // namespace hyena::backbone
