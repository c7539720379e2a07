#include "backbone/language_model.h"

#include <algorithm>

#include <ATen/ATen.h>

namespace hyena::backbone {
namespace {
constexpr std::int64_t kCounted = 2048;  // tokens
}  // namespace

std::int64_t LanguageModel::input_size() const {
  const std::int64_t longest = info().max_len;
  return longest > 0 ? std::min(longest, kCounted) : kCounted;
}

std::string LanguageModel::describe_input(std::int64_t size) const {
  return "a sequence of " + std::to_string(size) + " tokens";
}

void LanguageModel::run_blank(std::int64_t size) {
  const auto ids = at::zeros(
      {1, size}, parameters().front().tensor.options().dtype(at::kLong).requires_grad(false));
  if (info().num_classes > 0) {
    classify(ids);
  } else {
    forward(ids);
  }
}

}  // namespace hyena::backbone
