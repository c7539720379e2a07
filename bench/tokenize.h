#pragma once

#include <cstdint>
#include <string>

#include "bench/bench.h"

namespace hyena::bench {

/// `hyena bench tokenize`: bytes of text a second that one thread turns into ids, special tokens
/// taken as text. bench/runs/tokenize puts tiktoken beside it.
class TokenizeBench final : public Bench {
 public:
  void visit(backbone::OptionVisitor& v) override;
  nlohmann::json run() override;
  std::string table(const nlohmann::json& result) const override;

 private:
  std::string tokenizer_;
  std::string file_;
  double mebibytes_ = 8;
  std::int64_t repeat_ = 5;
};

}  // namespace hyena::bench
