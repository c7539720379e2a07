#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/cuda/stream.h"
#include "kernels/short_conv.h"

/// Depthwise convolutions with few taps on a GPU: what kernels/short_conv.h defines, over signals
/// in either order. Up to 16 x 16 taps; sums in float32. Nothing is allocated or waited for.
namespace hyena::kernels::cuda {

/// Element (b, d, t) lies b · batch + d · channel + t · position elements behind `data`; positions
/// of a grid go row after row. Neighbours are positions (position 1: a (B, D, L) tensor) or
/// channels (channel 1: (B, L, D)); every signal of a call in the same way. Null data: absent.
template <class Pointer>
struct ShortSignalOf {
  Pointer data = nullptr;
  std::int64_t batch = 0, channel = 0, position = 1;
  explicit operator bool() const { return data != nullptr; }
};
using ShortSignal = ShortSignalOf<void*>;
using ConstShortSignal = ShortSignalOf<const void*>;

/// weight (D, KH, KW) contiguous and bias (D) or null: float32. Throws ArgumentError.
void short_conv_forward(const ShortConvShape& shape, ConstShortSignal x, const float* weight,
                        const float* bias, ShortSignal y, Stream stream);

/// Bytes that short_conv_backward works in, aligned to 256; less than a quarter of the signal's,
/// or a few MB.
std::size_t short_conv_workspace(const ShortConvShape& shape);

/// Gradients of Σ dy ⊙ y, written; each may be absent. The same bits each time, whatever the GPU.
void short_conv_backward(const ShortConvShape& shape, ConstShortSignal x, const float* weight,
                         ConstShortSignal dy, ShortSignal dx, float* dweight, float* dbias,
                         void* workspace, Stream stream);

}  // namespace hyena::kernels::cuda
