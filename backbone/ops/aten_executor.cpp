#include "backbone/ops/aten_executor.h"

#include <ATen/Parallel.h>

#if !defined(INTRA_OP_PARALLEL)
#error \
    "at::parallel_for is a template: it takes LibTorch's threads only where this file is compiled with OpenMP"
#endif

namespace hyena::backbone {

std::int64_t AtenExecutor::threads() const {
  return at::get_num_threads();
}

void AtenExecutor::run(std::int64_t count,
                       const std::function<void(std::int64_t, std::int64_t)>& work) const {
  at::parallel_for(0, count, 1, work);
}

}  // namespace hyena::backbone
