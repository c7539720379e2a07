#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/bench.h"

namespace hyena::bench {

/// `hyena bench filter`: the implicit filter of a Hyena operator of order 2, its taps and the
/// gradients of all its parameters, on our kernels and as a composition of LibTorch's operations.
class FilterBench final : public Bench {
 public:
  void visit(backbone::OptionVisitor& v) override;
  nlohmann::json run() override;
  std::string table(const nlohmann::json& result) const override;

 private:
  std::vector<std::int64_t> lengths_ = {196, 784, 1024, 4096};
  std::vector<std::int64_t> d_model_ = {64, 192};
  std::int64_t emb_dim_ = 33;
  std::int64_t filter_order_ = 64;
  std::int64_t num_inner_mlps_ = 2;
  double w_ = 1;
  std::int64_t threads_ = 1;
  std::int64_t rounds_ = 7;
  double seconds_ = 0.05;
};

}  // namespace hyena::bench
