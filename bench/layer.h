#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/bench.h"

namespace hyena::bench {

/// `hyena bench layer`: a whole mixer, projections, short convolution, filter and all, x (B, L, D)
/// → (B, L, D), on our kernels, with LibTorch's FFT in their place, and other mixers beside it.
class LayerBench final : public Bench {
 public:
  void visit(backbone::OptionVisitor& v) override;
  nlohmann::json run() override;
  std::string table(const nlohmann::json& result) const override;

 private:
  std::string mixer_ = "hyena";
  std::vector<std::int64_t> lengths_ = {196, 1024, 4096};
  std::int64_t d_model_ = 192;
  std::int64_t batch_ = 4;
  std::int64_t threads_ = 1;
  std::string device_ = "cpu";
  bool composition_ = true;
  std::vector<std::string> mixers_ = {"attention", "gated"};
  std::int64_t rounds_ = 7;
  double seconds_ = 0.1;
};

}  // namespace hyena::bench
