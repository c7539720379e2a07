#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace hyena::inspect {

/// Numbers behind a figure: row-major float32, shared and never changed once made, so that a figure
/// can be copied between threads for the price of a pointer. No tensors: painters and windows need
/// not see LibTorch.
class Array {
 public:
  Array() = default;
  /// `dims` names the dimensions ("channel", "lag"). Throws std::invalid_argument unless there are
  /// as many names as sizes, and as many values as the sizes' product.
  Array(std::string name, std::vector<std::string> dims, std::vector<std::int64_t> shape,
        std::vector<float> values);

  const std::string& name() const { return name_; }
  const std::vector<std::string>& dims() const { return dims_; }
  const std::vector<std::int64_t>& shape() const { return shape_; }
  std::int64_t size() const { return values_ ? static_cast<std::int64_t>(values_->size()) : 0; }
  bool empty() const { return size() == 0; }
  const float* data() const { return values_ ? values_->data() : nullptr; }
  float operator[](std::int64_t i) const { return (*values_)[static_cast<std::size_t>(i)]; }

 private:
  std::string name_;
  std::vector<std::string> dims_;
  std::vector<std::int64_t> shape_;
  std::shared_ptr<const std::vector<float>> values_;
};

/// start, start + step, …: `count` numbers.
Array ramp(std::string name, std::string dim, double start, double step, std::int64_t count);

}  // namespace hyena::inspect
