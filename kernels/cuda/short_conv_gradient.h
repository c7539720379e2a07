#pragma once

#include "kernels/cuda/short_conv.h"

namespace hyena::kernels::cuda::short_conv {

std::size_t gradient_workspace(const ShortConvShape& shape);
/// dweight and dbias, either may be null, of checked arguments.
void weight_gradient(const ShortConvShape& shape, bool channels_last, const ConstShortSignal& x,
                     const ConstShortSignal& dy, float* dweight, float* dbias, void* workspace,
                     Stream stream);

}  // namespace hyena::kernels::cuda::short_conv
