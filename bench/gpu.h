#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/bench.h"

namespace hyena::bench {

/// `hyena bench gpu`: Hyena's step on a GPU, causal, in each dtype and length, beside our cuFFT
/// method, the composition of LibTorch's FFT, and each backend of LibTorch's attention (head size
/// 64) that takes the shape. Signals (B, D, L), attention (B, heads, L, 64): each side in its own
/// best layout. Forward: filters transformed beforehand; forward and backward: in every call. A
/// side that lacks memory is left out and named.
class GpuBench final : public Bench {
 public:
  void visit(backbone::OptionVisitor& v) override;
  nlohmann::json run() override;
  std::string table(const nlohmann::json& result) const override;

 private:
  std::vector<std::int64_t> lengths_ = {196,  256,   1024,  2048,   4096,
                                        8192, 16384, 32768, 131072, 1048576};
  std::vector<std::string> dtypes_ = {"bfloat16", "float32"};
  std::int64_t d_model_ = 768;
  std::int64_t tokens_ = 65536;
  std::int64_t attention_up_to_ = 65536;
  std::string device_ = "cuda";
  std::int64_t rounds_ = 5;
  double seconds_ = 0.02;
};

}  // namespace hyena::bench
