#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/bench.h"

namespace hyena::bench {

/// `hyena bench loader`: how many pictures a second reach the model as uint8 (B, C, H, W), decoded,
/// cropped (RandomResizedCrop) and flipped, for several numbers of workers.
class LoaderBench final : public Bench {
 public:
  void visit(backbone::OptionVisitor& v) override;
  nlohmann::json run() override;
  std::string table(const nlohmann::json& result) const override;

 private:
  std::string data_;
  std::vector<std::int64_t> workers_ = {0, 1, 2};
  std::int64_t img_size_ = 224;
  std::int64_t batch_size_ = 50;
  std::int64_t epochs_ = 5;
  std::string train_interpolation_ = "area";
};

}  // namespace hyena::bench
