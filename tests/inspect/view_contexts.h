#pragma once

#include <memory>
#include <string>
#include <vector>

#include "inspect/views/view.h"
#include "tests/inspect/small_models.h"

/// What the tests of views draw: small models of every kind, each with an input.
namespace hyena::tests {

struct ViewCase {
  std::string name = {};
  std::shared_ptr<inspect::OpenedSubject> model = {};
  std::shared_ptr<const inspect::OpenedStimulus> input = {};

  inspect::ViewContext context() const { return {.model = model.get(), .input = input}; }
};

inline std::shared_ptr<const inspect::OpenedStimulus> picture_input() {
  auto out =
      std::make_shared<inspect::OpenedStimulus>("hyena.png", "5fa1", small_picture(at::kFloat));
  std::vector<float> pixels(12 * 12 * 3);
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    pixels[i] = static_cast<float>((i * 37) % 101) / 101;
  }
  out->shown = inspect::Array("pixels", {"row", "column", "colour"}, {12, 12, 3}, pixels);
  return out;
}

inline std::shared_ptr<const inspect::OpenedStimulus> text_input() {
  auto out = std::make_shared<inspect::OpenedStimulus>("To be or not", "77b0", small_text());
  const std::string text = out->name();
  for (std::int64_t i = 0; i < out->input.size(1); ++i) {
    out->tokens.push_back(out->input[0][i].item<std::int64_t>());
    out->texts.emplace_back(1, text[static_cast<std::size_t>(i)]);
  }
  return out;
}

inline const std::vector<ViewCase>& view_cases() {
  static const std::vector<ViewCase> cases = {
      {"hyena2d", small_model(small_vit("hyena2d"), at::kFloat), picture_input()},
      {"hyena_bidirectional", small_model(small_vit("hyena_bidirectional"), at::kFloat),
       picture_input()},
      {"hyena", small_model(small_lm("hyena"), at::kFloat), text_input()},
      {"attention", small_model(small_vit("attention"), at::kFloat), picture_input()},
      {"mha", small_model(small_lm("mha"), at::kFloat), text_input()}};
  return cases;
}

}  // namespace hyena::tests
