#pragma once

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "inspect/probe/capture.h"
#include "inspect/views/view.h"
#include "tests/inspect/small_models.h"

/// Small models with an input each, for the tests of views.
namespace hyena::tests {

using inspect::Figure;
using inspect::View;
using nlohmann::json;

/// A model and its input; text without pieces, as numbers.
struct Seen {
  std::shared_ptr<inspect::OpenedSubject> subject;
  std::shared_ptr<inspect::OpenedStimulus> input;

  inspect::ViewContext context() const { return {.model = subject.get(), .input = input}; }
  Figure draw(const View& view, const json& parameters = json::object(),
              const inspect::Progress& progress = {}) const {
    // Checks the figure too.
    return inspect::draw(view, context(), parameters, progress);
  }
  at::Tensor tap(std::int64_t layer, const std::string& name) const {
    const auto tap = inspect::tap_name(subject->layer(layer), name);
    return inspect::capture(*subject, input->input, {tap}).tensors.at(tap)[0].flatten(1);
  }
};

inline Seen vision(const std::string& mixer, const json& more = json::object()) {
  auto input = std::make_shared<inspect::OpenedStimulus>("noise", "0", small_picture());
  std::vector<float> pixels;
  for (int i = 0; i < 432; ++i) pixels.push_back(static_cast<float>(i % 97) / 97);
  input->shown = inspect::Array("pixels", {"row", "column", "colour"}, {12, 12, 3}, pixels);
  return {small_model(small_vit(mixer, json::object(), more)), input};
}

inline Seen text(const std::string& mixer, std::int64_t length = 12) {
  auto input = std::make_shared<inspect::OpenedStimulus>("text", "0", small_text(length));
  for (std::int64_t i = 0; i < length; ++i) {
    input->tokens.push_back(input->input[0][i].item<std::int64_t>());
    // Two bytes a token, blanks and a line's end among them.
    input->texts.push_back(i == 4 ? " b" : i == 8 ? "a\n" : "xy");
  }
  return {small_model(small_lm(mixer)), input};
}

inline void expect_values(const inspect::Array& found, const at::Tensor& expected,
                          double tolerance = 2e-6) {
  const auto flat = expected.to(at::kDouble).flatten();
  ASSERT_EQ(found.size(), flat.size(0)) << found.name();
  for (std::int64_t i = 0; i < found.size(); ++i) {
    const double value = flat[i].item<double>();
    if (std::isnan(value)) {
      EXPECT_TRUE(std::isnan(found[i])) << found.name() << " " << i;
    } else {
      EXPECT_NEAR(found[i], value, tolerance * std::max(1.0, std::abs(value)))
          << found.name() << " " << i;
    }
  }
}

}  // namespace hyena::tests
