#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/bench.h"

namespace hyena::bench {

/// `hyena bench conv`: Hyena's step y = q ⊙ (h ∗ (k ⊙ v) + b ⊙ (k ⊙ v)) on our kernels, beside the
/// same as a composition of LibTorch's FFT and beside LibTorch's attention, over sequences (or
/// grids). Each side in its own best layout. Forward: filters transformed beforehand on both sides;
/// forward and backward: in every call.
class ConvBench final : public Bench {
 public:
  void visit(backbone::OptionVisitor& v) override;
  nlohmann::json run() override;
  std::string table(const nlohmann::json& result) const override;

 private:
  std::vector<std::int64_t> lengths_ = {64, 196, 256, 1024, 4096};
  std::vector<std::int64_t> grids_;
  std::int64_t d_model_ = 64;
  std::int64_t batch_ = 0;
  std::int64_t threads_ = 1;
  std::string passes_ = "both";
  bool centred_ = false;
  bool composition_ = true;
  bool attention_ = true;
  std::int64_t attention_up_to_ = 16384;
  bool errors_ = true;
  std::int64_t rounds_ = 7;
  double seconds_ = 0.05;
  bool processor_time_ = false;
  std::string csv_;
};

}  // namespace hyena::bench
