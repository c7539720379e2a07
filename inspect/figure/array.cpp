#include "inspect/figure/array.h"

#include <limits>
#include <stdexcept>
#include <utility>

namespace hyena::inspect {

Array::Array(std::string name, std::vector<std::string> dims, std::vector<std::int64_t> shape,
             std::vector<float> values)
    : name_(std::move(name)), dims_(std::move(dims)), shape_(std::move(shape)) {
  if (dims_.size() != shape_.size()) {
    throw std::invalid_argument("array \"" + name_ + "\": " + std::to_string(dims_.size()) +
                                " names of dimensions for " + std::to_string(shape_.size()) +
                                " sizes");
  }
  std::int64_t product = 1;
  for (const std::int64_t size : shape_) {
    if (size < 0 || (size > 0 && product > std::numeric_limits<std::int64_t>::max() / size)) {
      throw std::invalid_argument("array \"" + name_ + "\": a size of " + std::to_string(size) +
                                  " cannot be");
    }
    product *= size;
  }
  if (product != static_cast<std::int64_t>(values.size())) {
    throw std::invalid_argument("array \"" + name_ + "\": its shape has " +
                                std::to_string(product) + " values, but " +
                                std::to_string(values.size()) + " are given");
  }
  values_ = std::make_shared<const std::vector<float>>(std::move(values));
}

Array ramp(std::string name, std::string dim, double start, double step, std::int64_t count) {
  std::vector<float> values(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<float>(start + step * static_cast<double>(i));
  }
  return {std::move(name), {std::move(dim)}, {count}, std::move(values)};
}

}  // namespace hyena::inspect
