#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/bench.h"

namespace hyena::bench {

/// `hyena bench plans`: how long the CPU convolution takes with each of several plans (products of
/// radices), one thread, spectra at hand, in float32. What the table in kernels/cpu/plan.cpp was
/// made from, and how to make it again on another machine.
class PlansBench final : public Bench {
 public:
  void visit(backbone::OptionVisitor& v) override;
  nlohmann::json run() override;
  std::string table(const nlohmann::json& result) const override;

 private:
  std::vector<std::int64_t> lengths_ = {64, 256, 1024, 4096};
  std::vector<std::string> radices_;
  std::vector<std::int64_t> together_ = {1};
  std::int64_t count_ = 8;
  std::int64_t d_model_ = 64;
  std::int64_t batch_ = 0;
  std::int64_t rounds_ = 5;
  double seconds_ = 0.01;
};

}  // namespace hyena::bench
