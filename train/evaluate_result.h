#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace hyena::train {

/// How a model does on labelled pictures.
struct Evaluation {
  std::int64_t pictures = 0;
  std::int64_t num_classes = 0;
  double loss = 0;  ///< mean cross entropy without smoothing
  double top1 = 0;  ///< percent
  double top5 = 0;  ///< percent; of min(5, classes) guesses
  /// Rows: true class; columns: the class guessed first.
  std::vector<std::int64_t> confusion;

  /// The metric called "top1", "top5" or "loss".
  double metric(const std::string& name) const;
  nlohmann::json json() const;
  /// `class,pictures,correct,top1` and one line a class.
  std::string per_class_csv(const std::vector<std::string>& names) const;
  /// Header of guessed classes, one line for each true class.
  std::string confusion_csv(const std::vector<std::string>& names) const;
};

}  // namespace hyena::train
