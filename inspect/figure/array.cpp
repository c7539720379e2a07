#include "inspect/figure/array.h"

#include <stdexcept>
#include <utility>

namespace hyena::inspect {

Array::Array(std::string name, std::vector<std::string> dims, std::vector<std::int64_t> shape,
             std::vector<float> values)
    : name_(std::move(name)), dims_(std::move(dims)), shape_(std::move(shape)) {
  std::int64_t count = 1;
  for (const auto size : shape_) count *= size;
  if (dims_.size() != shape_.size() || count != static_cast<std::int64_t>(values.size())) {
    throw std::invalid_argument("array " + name_ + ": names, sizes and values do not agree");
  }
  values_ = std::make_shared<const std::vector<float>>(std::move(values));
}

Array ramp(std::string name, std::string dim, double start, double step, std::int64_t count) {
  std::vector<float> values;
  for (std::int64_t i = 0; i < count; ++i) {
    values.push_back(static_cast<float>(start + step * static_cast<double>(i)));
  }
  return {std::move(name), {std::move(dim)}, {count}, std::move(values)};
}

}  // namespace hyena::inspect
