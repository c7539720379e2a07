#pragma once

#include <cstdint>
#include <functional>

#include "kernels/executor.h"

namespace hyena::backbone {

/// LibTorch's threads, so that --threads and at::set_num_threads hold for the kernels too.
class AtenExecutor final : public kernels::Executor {
 public:
  std::int64_t threads() const override;
  void run(std::int64_t count,
           const std::function<void(std::int64_t, std::int64_t)>& work) const override;
};

}  // namespace hyena::backbone
