#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/bench.h"

namespace hyena::bench {

/// `hyena bench generate`: tokens of a language model with random weights, one after another, with
/// long convolutions by tiles against sums over all past inputs, and against computing everything
/// anew for short texts. Greedy choice; processor time of the calling thread.
class GenerateBench final : public Bench {
 public:
  void visit(backbone::OptionVisitor& v) override;
  nlohmann::json run() override;
  std::string table(const nlohmann::json& result) const override;

 private:
  std::vector<std::int64_t> lengths_ = {2048, 4096, 8192, 16384};
  std::vector<std::int64_t> d_model_ = {128, 256};
  std::int64_t layers_ = 8;
  std::int64_t order_ = 2;
  std::int64_t vocabulary_ = 256;
  std::int64_t recompute_below_ = 0;
  bool lazy_ = true;
  bool spread_ = true;
  std::int64_t rounds_ = 1;
  std::int64_t threads_ = 1;
};

}  // namespace hyena::bench
