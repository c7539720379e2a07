#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "backbone/vision_model.h"
#include "datasets/normalise.h"
#include "datasets/transforms.h"

namespace hyena::train {

/// What a checkpoint keeps so that pictures can be shown to its model just as in its evaluation,
/// and its answers named: stored as JSON beside the model's configuration.
struct Preprocessing {
  std::int64_t img_size = 0;
  std::int64_t in_chans = 0;
  std::vector<double> mean;
  std::vector<double> std;
  double crop_pct = 0;
  std::string interpolation = "area";
  std::vector<std::string> class_names;
  std::int64_t val_batch_size = 128;

  template <class Visitor>
  void visit(Visitor& v) {
    v.field("img_size", img_size, {.help = "side of the input", .unit = "pixels", .min = 1});
    v.field("in_chans", in_chans, {.help = "channels of the input", .min = 1});
    v.field("mean", mean, {.help = "of each channel, pixels in [0, 1]"});
    v.field("std", std, {.help = "of each channel, pixels in [0, 1]"});
    v.field("crop_pct", crop_pct,
            {.help = "part of the shorter side that is seen", .min = 0, .max = 1});
    v.field("interpolation", interpolation, {.help = "resizing"});
    v.field("class_names", class_names, {.help = "one for each class"});
    v.field("val_batch_size", val_batch_size, {.help = "of the run's own evaluation", .min = 1});
  }

  /// The evaluation transform's options.
  datasets::TransformOptions transform_options() const;
};

/// What `meta` of a checkpoint says, or, for a file that says nothing, the model's own size with
/// ImageNet's statistics (0.5 for other than 3 channels) and classes named by number.
Preprocessing preprocessing_of(const nlohmann::json& meta, const backbone::VisionInfo& info);

/// Names of classes from a file of lines `FOLDER TEXT`: `names` with each FOLDER that is one of
/// them replaced by its text; lines for other folders are passed over, # starts a comment. Throws
/// OptionError naming file and line where a line has no text.
std::vector<std::string> rename_classes(const std::vector<std::string>& names,
                                        const std::string& file);

}  // namespace hyena::train
