#pragma once

#include <stdexcept>
#include <string>

#include <nlohmann/json.hpp>

#include "datasets/random.h"

namespace hyena::tests {

/// The recorded draws of a reference run, handed out again. Fails when code asks for another kind
/// of number, or from another range, than the reference did.
/// A draw is ["random" or "rand", value], ["uniform", low, high, value], ["beta", a, b, value],
/// ["randint", low, high, value] (Python's random: both ends included), or
/// ["randint", [low, end], value] (NumPy: end excluded).
class ReplayedDraws final : public datasets::Draws {
 public:
  explicit ReplayedDraws(nlohmann::json draws) : draws_(std::move(draws)) {}

  double uniform() override {
    const auto& draw = next("rand");
    return draw.at(1);
  }
  double uniform(double low, double high) override {
    const auto& draw = next("uniform");
    check(draw, low, draw.at(1));
    check(draw, high, draw.at(2));
    return draw.at(3);
  }
  std::int64_t integer(std::int64_t low, std::int64_t high) override {
    const auto& draw = next("randint");
    const bool numpy = draw.at(1).is_array();
    check(draw, static_cast<double>(low), numpy ? draw.at(1).at(0) : draw.at(1));
    check(draw, static_cast<double>(numpy ? high + 1 : high),
          numpy ? draw.at(1).at(1) : draw.at(2));
    return numpy ? draw.at(2) : draw.at(3);
  }
  double beta(double a, double b) override {
    const auto& draw = next("beta");
    check(draw, a, draw.at(1));
    check(draw, b, draw.at(2));
    return draw.at(3);
  }

  bool used_up() const { return used_ == draws_.size(); }

 private:
  const nlohmann::json& next(const std::string& kind) {
    if (used_up()) throw std::logic_error("a draw '" + kind + "' that the reference did not make");
    const auto& draw = draws_.at(used_++);
    if (!draw.at(0).get<std::string>().starts_with(kind)) {
      throw std::logic_error("draw '" + kind + "' where the reference has " + draw.dump());
    }
    return draw;
  }
  static void check(const nlohmann::json& draw, double ours, double theirs) {
    if (ours < theirs - 1e-12 || ours > theirs + 1e-12) {
      throw std::logic_error("bound " + std::to_string(ours) + " where the reference has " +
                             draw.dump());
    }
  }

  nlohmann::json draws_;
  std::size_t used_ = 0;
};

}  // namespace hyena::tests
