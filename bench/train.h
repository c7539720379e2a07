#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/bench.h"

namespace hyena::bench {

/// `hyena bench train`: one whole training step (forward, backward, clipping, AdamW) of a model on
/// random pictures or tokens: on our kernels, with LibTorch's FFT in their place, and with other
/// mixers in the same chassis. bench/runs/train_step and language_step set PyTorch beside it.
class TrainBench final : public Bench {
 public:
  void visit(backbone::OptionVisitor& v) override;
  nlohmann::json run() override;
  std::string table(const nlohmann::json& result) const override;

 private:
  std::string model_ = "hyena_tiny_28";
  std::int64_t img_size_ = 0;
  std::int64_t patch_ = 0;
  std::int64_t seq_len_ = 0;
  std::int64_t d_model_ = 0;
  std::int64_t n_layer_ = 0;
  std::int64_t batch_size_ = 32;
  std::int64_t threads_ = 1;
  bool composition_ = true;
  std::vector<std::string> mixers_ = {"attention", "gated"};
  std::int64_t num_heads_ = 0;
  std::int64_t rounds_ = 7;
  double seconds_ = 0.5;
};

}  // namespace hyena::bench
