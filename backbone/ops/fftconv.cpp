#include "backbone/ops/fftconv.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "backbone/ops/cuda_device.h"
#include "backbone/ops/fftconv_composed.h"
#include "backbone/ops/fftconv_cuda.h"
#include "backbone/ops/fftconv_kernels.h"
#include "backbone/ops/float32_island.h"
#include "backbone/ops/flops.h"
#include "backbone/ops/hyena_conv_kernels.h"
#include "backbone/ops/kernel_tensors.h"
#include "backbone/ops/short_conv.h"
#include "kernels/hyena_conv.h"

namespace hyena::backbone {
namespace {

void check(bool ok, const char* function, const char* argument, const std::string& wanted,
           const at::Tensor& got) {
  TORCH_CHECK(ok, function, ": ", argument, " must be ", wanted, ", got ",
              got.defined() ? c10::str(got.sizes(), " ", got.scalar_type(), " on ", got.device())
                            : std::string("nothing"));
}

void check_arguments(const char* function, const at::Tensor& u, const at::Tensor& h,
                     const at::Tensor& bias, std::int64_t dim) {
  check(u.defined() && u.dim() == dim && u.is_floating_point(), function, "signal u",
        dim == 3 ? "a floating-point (B, D, L)" : "a floating-point (B, D, H, W)", u);
  for (std::int64_t i = 2; i < dim; ++i) {
    TORCH_CHECK(u.size(i) > 0, function, ": signal u has no positions: ", u.sizes());
  }
  const std::int64_t channels = u.size(1);
  check(h.defined() && h.dim() == dim - 1 && h.is_floating_point() && h.size(0) > 0 &&
            channels % h.size(0) == 0 && h.numel() > 0,
        function, "filter h",
        c10::str(dim == 3 ? "(G, K)" : "(G, KH, KW)", " with G dividing D=", channels), h);
  TORCH_CHECK(h.device() == u.device(), function, ": filter h is on ", h.device(),
              ", the signal u on ", u.device());
  if (bias.defined()) {
    check(bias.dim() == 1 && bias.size(0) == channels && bias.device() == u.device(), function,
          "bias", c10::str("(D=", channels, ") on ", u.device()), bias);
  }
}

/// By the convention of flops.h: real transforms of signals, outputs and filters, zero-padded to
/// `points`, whatever the implementation does.
void count_fft(std::int64_t sequences, std::int64_t filters, double points) {
  const auto rows = static_cast<double>(2 * sequences + filters);
  count_flops("fftconv", rows * 2.5 * points * std::log2(std::max(points, 2.0)) +
                             static_cast<double>(sequences) * 3.0 * points);
}

/// Points of a zero-padded axis: each output with each tap that reaches it.
double padded(std::int64_t length, std::int64_t taps, std::int64_t centre) {
  return static_cast<double>(length + std::min(length - 1, std::max(centre, taps - 1 - centre)));
}

double points_of(const at::Tensor& v, const at::Tensor& h, std::int64_t centre) {
  return padded(v.size(2), h.size(1), centre);
}
double points_of(const at::Tensor& v, const at::Tensor& h, const GridGeometry& geometry) {
  return geometry.circular ? static_cast<double>(v.size(2) * v.size(3))
                           : padded(v.size(2), h.size(1), geometry.centre_row) *
                                 padded(v.size(3), h.size(2), geometry.centre_column);
}

/// A gate: shape and device of the signal.
void check_gate(const char* function, const char* name, const at::Tensor& gate,
                const at::Tensor& v) {
  if (!gate.defined()) return;
  check(gate.sizes() == v.sizes() && gate.is_floating_point() && gate.device() == v.device(),
        function, name, c10::str(v.sizes(), " on ", v.device(), ", as the signal"), gate);
}

GridGeometry grid_of(const GridGeometry& geometry) {
  return geometry;
}
GridGeometry grid_of(std::int64_t centre) {
  return {.centre_row = 0, .centre_column = centre};
}

/// Whether the three streams x take our fused function: where we have kernels, with few enough
/// taps.
bool streams_on_kernels(const at::Tensor& x, const at::Tensor& short_weight) {
  return on_kernels(x) && x.numel() > 0 &&
         std::max(short_weight.size(2), short_weight.size(-1)) <= kernels::kMostShortTaps;
}

/// Asks for three streams and filters that fit.
void check_streams(const char* function, std::int64_t dim, const at::Tensor& x,
                   const at::Tensor& short_weight, const at::Tensor& short_bias,
                   const ShortStreams& streams) {
  TORCH_CHECK(x.dim() == dim && x.size(1) % 3 == 0, function, ": x must be ",
              dim == 3 ? "(B, 3D, L)" : "(B, 3D, H, W)", ", three streams, got ", x.sizes());
  TORCH_CHECK(streams.gate >= 0 && streams.gate < 3, function,
              ": gate must be one of the streams 0, 1, 2, got ", streams.gate);
  x.dim() == 3 ? check_short_conv(x, short_weight, short_bias, streams.causal)
               : check_short_conv2d(x, short_weight, short_bias);
}

/// {q, k, v}.
std::array<at::Tensor, 3> filtered_streams(const at::Tensor& x, const at::Tensor& weight,
                                           const at::Tensor& bias, const ShortStreams& streams) {
  const auto parts =
      (x.dim() == 3 ? short_conv(x, weight, bias, streams.causal) : short_conv2d(x, weight, bias))
          .chunk(3, 1);
  const auto order = kernels::stream_order(streams.gate);
  const auto at = [&](std::size_t i) { return parts[static_cast<std::size_t>(order[i])]; };
  return {at(0), at(1), at(2)};
}

/// `geometry`: the centre of a line or a GridGeometry.
template <class Geometry>
at::Tensor fused(const char* function, const at::Tensor& x, const at::Tensor& short_weight,
                 const at::Tensor& short_bias, const at::Tensor& h, const at::Tensor& bias,
                 const Geometry& geometry, const ShortStreams& streams) {
  const auto signal = x.to(short_conv_type(x));
  const auto value = signal.slice(1, 0, x.size(1) / 3);
  check_arguments(function, value, h, bias, x.dim());
  count_short_conv(x, short_weight);
  count_fft(value.size(0) * value.size(1), h.size(0), points_of(value, h, geometry));
  const Float32Island island;
  const auto order = ShortStreams{x.dim() == 3 && streams.causal, streams.gate};
  return on_gpu(x)
             ? cuda_hyena_conv(signal, short_weight, short_bias, h, bias, grid_of(geometry), order)
             : kernel_hyena_conv(signal, short_weight, short_bias, h, bias, geometry, order);
}

std::int64_t centre_of(const at::Tensor& h, Support support) {
  return support == Support::kCausal ? 0 : h.size(1) / 2;
}
GridGeometry geometry_of(const at::Tensor& h, Boundary boundary, bool centred) {
  return {.centre_row = centred ? h.size(1) / 2 : 0,
          .centre_column = centred ? h.size(2) / 2 : 0,
          .circular = boundary == Boundary::kCircular};
}

at::Tensor composed(const at::Tensor& k, const at::Tensor& v, const at::Tensor& h,
                    const at::Tensor& bias, std::int64_t centre) {
  return composed_fftconv(k.defined() ? k * v : v, h, bias, centre);
}
at::Tensor composed(const at::Tensor& k, const at::Tensor& v, const at::Tensor& h,
                    const at::Tensor& bias, const GridGeometry& geometry) {
  return composed_fftconv2d(k.defined() ? k * v : v, h, bias, geometry);
}
/// Either way to the result; `geometry` is the centre of a line or a GridGeometry.
template <class Geometry>
at::Tensor convolution(const char* function, const at::Tensor& q, const at::Tensor& k,
                       const at::Tensor& v, const at::Tensor& h, const at::Tensor& bias,
                       const Geometry& geometry) {
  check_gate(function, "gate q", q, v);
  check_gate(function, "gate k", k, v);
  count_fft(v.size(0) * v.size(1), h.size(0), points_of(v, h, geometry));
  const Float32Island island;
  if (on_kernels(v)) {
    return on_gpu(v) ? cuda_fftconv(q, k, v, h, bias, grid_of(geometry))
                     : kernel_fftconv(q, k, v, h, bias, geometry);
  }
  const auto y = composed(k, v, h, bias, geometry);
  return q.defined() ? q * y : y;
}

template <class Geometry>
PreparedConvolution prepared_by_kernels(const at::Tensor& like, const at::Tensor& h,
                                        const at::Tensor& bias, const Geometry& geometry) {
  return on_gpu(like) ? prepare_cuda_fftconv(like, h, bias, grid_of(geometry))
                      : prepare_kernel_fftconv(like, h, bias, geometry);
}

}  // namespace

at::Tensor gated_fftconv(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                         const at::Tensor& h, const at::Tensor& bias, Support support) {
  check_arguments("fftconv", v, h, bias, 3);
  return convolution("fftconv", q, k, v, h, bias, centre_of(h, support));
}

at::Tensor fftconv(const at::Tensor& u, const at::Tensor& h, const at::Tensor& bias,
                   Support support) {
  return gated_fftconv({}, {}, u, h, bias, support);
}

at::Tensor gated_fftconv2d(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                           const at::Tensor& h, const at::Tensor& bias, Boundary boundary,
                           bool centred) {
  check_arguments("fftconv2d", v, h, bias, 4);
  return convolution("fftconv2d", q, k, v, h, bias, geometry_of(h, boundary, centred));
}

at::Tensor fftconv2d(const at::Tensor& u, const at::Tensor& h, const at::Tensor& bias,
                     Boundary boundary, bool centred) {
  return gated_fftconv2d({}, {}, u, h, bias, boundary, centred);
}

at::Tensor hyena_conv(const at::Tensor& x, const at::Tensor& short_weight,
                      const at::Tensor& short_bias, const at::Tensor& h, const at::Tensor& bias,
                      Support support, const ShortStreams& streams) {
  check_streams("hyena_conv", 3, x, short_weight, short_bias, streams);
  if (streams_on_kernels(x, short_weight)) {
    return fused("hyena_conv", x, short_weight, short_bias, h, bias, centre_of(h, support),
                 streams);
  }
  const auto [q, k, v] = filtered_streams(x, short_weight, short_bias, streams);
  return gated_fftconv(q, k, v, h, bias, support);
}

at::Tensor hyena_conv2d(const at::Tensor& x, const at::Tensor& short_weight,
                        const at::Tensor& short_bias, const at::Tensor& h, const at::Tensor& bias,
                        Boundary boundary, bool centred, const ShortStreams& streams) {
  check_streams("hyena_conv2d", 4, x, short_weight, short_bias, streams);
  if (streams_on_kernels(x, short_weight)) {
    return fused("hyena_conv2d", x, short_weight, short_bias, h, bias,
                 geometry_of(h, boundary, centred), streams);
  }
  const auto [q, k, v] = filtered_streams(x, short_weight, short_bias, streams);
  return gated_fftconv2d(q, k, v, h, bias, boundary, centred);
}

PreparedFilter::PreparedFilter(const at::Tensor& h, const at::Tensor& bias, Support support,
                               const at::Tensor& like) {
  const at::NoGradGuard no_grad;
  const Float32Island island;
  check_arguments("fftconv", like, h, bias, 3);
  signal_ = like.sizes().slice(1).vec();
  const std::int64_t centre = centre_of(h, support);
  points_ = points_of(like, h, centre);
  if (on_kernels(like)) {
    auto ready = prepared_by_kernels(like, h, bias, centre);
    gated_ = std::move(ready.gated);
    streams_ = std::move(ready.streams);
  } else {
    gated_ = [=](const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
      const auto y = composed(k, v, h, bias, centre);
      return q.defined() ? q * y : y;
    };
  }
}

PreparedFilter::PreparedFilter(const at::Tensor& h, const at::Tensor& bias, Boundary boundary,
                               bool centred, const at::Tensor& like) {
  const at::NoGradGuard no_grad;
  const Float32Island island;
  check_arguments("fftconv2d", like, h, bias, 4);
  signal_ = like.sizes().slice(1).vec();
  const GridGeometry geometry = geometry_of(h, boundary, centred);
  points_ = points_of(like, h, geometry);
  if (on_kernels(like)) {
    auto ready = prepared_by_kernels(like, h, bias, geometry);
    gated_ = std::move(ready.gated);
    streams_ = std::move(ready.streams);
  } else {
    gated_ = [=](const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
      const auto y = composed(k, v, h, bias, geometry);
      return q.defined() ? q * y : y;
    };
  }
}

void PreparedFilter::check_signal(const at::Tensor& v) const {
  TORCH_CHECK(v.sizes().slice(1) == at::IntArrayRef(signal_),
              "fftconv: this filter was made ready for signals of (D, positions) ",
              at::IntArrayRef(signal_), ", got ", v.sizes());
}

at::Tensor PreparedFilter::convolve(const at::Tensor& q, const at::Tensor& k,
                                    const at::Tensor& v) const {
  const at::NoGradGuard no_grad;
  const Float32Island island;
  check_gate("fftconv", "gate q", q, v);
  check_gate("fftconv", "gate k", k, v);
  check_signal(v);
  count_fft(v.size(0) * v.size(1), 0, points_);
  return gated_(q, k, v);
}

at::Tensor PreparedFilter::convolve_streams(const at::Tensor& x, const at::Tensor& short_weight,
                                            const at::Tensor& short_bias,
                                            const ShortStreams& streams) const {
  const at::NoGradGuard no_grad;
  check_streams("hyena_conv", static_cast<std::int64_t>(signal_.size()) + 1, x, short_weight,
                short_bias, streams);
  check_signal(x.slice(1, 0, x.size(1) / 3));
  if (!streams_ || !streams_on_kernels(x, short_weight)) {
    const auto [q, k, v] = filtered_streams(x, short_weight, short_bias, streams);
    return convolve(q, k, v);
  }
  const auto signal = x.to(short_conv_type(x));
  const Float32Island island;
  count_short_conv(x, short_weight);
  count_fft(x.size(0) * x.size(1) / 3, 0, points_);
  return streams_(signal, short_weight, short_bias, {x.dim() == 3 && streams.causal, streams.gate});
}

}  // namespace hyena::backbone
