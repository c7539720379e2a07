#pragma once

#include <cstdint>
#include <string>

#include <ATen/core/Tensor.h>

#include "backbone/model.h"

namespace hyena::backbone {

/// What a program must know to feed a vision model and to read its output.
struct VisionInfo {
  std::int64_t in_chans = 3;
  std::int64_t img_size = 224;  ///< pixels, the square the model was built for
  std::int64_t num_classes = 1000;
  std::int64_t num_features = 0;  ///< width of the pooled embedding
  std::int64_t depth = 0;         ///< number of blocks, for layer decay
};

/// A picture classifier: features → pooled embedding → logits.
class VisionModel : public Model {
 public:
  static constexpr const char* kKind = "picture classifier";
  std::string kind() const override { return kKind; }
  virtual VisionInfo info() const = 0;

  std::int64_t depth() const override { return info().depth; }
  std::int64_t input_size() const override { return info().img_size; }
  std::string describe_input(std::int64_t input_size) const override;
  void run_blank(std::int64_t input_size) override;

  /// images (B, in_chans, H, W), normalised floats → the family's feature map: (B, L, D) tokens or
  /// (B, H', W', D), after the final norm where the family norms before pooling.
  virtual at::Tensor forward_features(const at::Tensor& images) = 0;

  /// Pooled embedding (B, num_features), what the classifier sees.
  virtual at::Tensor pool(const at::Tensor& features) = 0;

  /// (B, num_features) → logits (B, num_classes).
  virtual at::Tensor head(const at::Tensor& pooled) = 0;

  at::Tensor forward(const at::Tensor& images) { return head(pool(forward_features(images))); }

  /// Gives the model a freshly initialised last layer for `num_classes` ≥ 1 classes, for
  /// fine-tuning on other data; the rest stays. Throws OptionError where the model cannot have one.
  virtual void reset_head(std::int64_t num_classes);

  /// Fits the model to squares of another side, before fine-tuning or evaluation there: position
  /// tables are resized, filters that were built for the whole picture are sampled anew. Without
  /// this call the filters keep their taps. Throws OptionError where the model cannot.
  virtual void set_img_size(std::int64_t img_size);
};

}  // namespace hyena::backbone
