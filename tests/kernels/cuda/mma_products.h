#pragma once

#include "kernels/tensors.h"

namespace hyena::kernels::cuda {

/// How a warp brings its fragments from memory to mma().
enum class FragmentPath {
  kByHand,      ///< each lane loads its elements one by one, as the layout of mma() says
  kRows,        ///< load_matrix of A and of B transposed in memory: 4 and 2 tiles
  kTransposed,  ///< load_matrix_transposed of A transposed in memory and of B: 4 and 2 tiles
  kSingles,     ///< load_matrix, one tile after the other
};

/// One warp: d = a · b through mma(). a 16 x 16, b 16 x 8, bfloat16 or float16; at 16 x 16 and bt
/// 8 x 16 the same transposed; d 16 x 8 float32. All row-major and in the device's memory, aligned
/// to 16 bytes. Matrices reach shared memory by copy_async().
void multiply_on_device(Type type, FragmentPath path, const void* a, const void* at, const void* b,
                        const void* bt, float* d);

}  // namespace hyena::kernels::cuda
