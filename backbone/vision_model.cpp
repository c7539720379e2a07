#include "backbone/vision_model.h"

namespace hyena::backbone {

void VisionModel::reset_head(std::int64_t) {
  throw OptionError("this model has no classifier to replace");
}

void VisionModel::set_img_size(std::int64_t) {
  throw OptionError("this model cannot be fitted to another input size");
}

}  // namespace hyena::backbone
