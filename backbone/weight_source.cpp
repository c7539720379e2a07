#include "backbone/weight_source.h"

#include <utility>

namespace hyena::backbone {

WeightSource::WeightSource(const std::filesystem::path& path, std::string format)
    : name_(path.string()), format_(std::move(format)) {}

void WeightSource::make_index() {
  for (std::size_t i = 0; i < tensors_.size(); ++i) index_.emplace(tensors_[i].name, i);
}

const TensorEntry* WeightSource::find(std::string_view name) const {
  const auto found = index_.find(name);
  return found == index_.end() ? nullptr : &tensors_[found->second];
}

}  // namespace hyena::backbone
