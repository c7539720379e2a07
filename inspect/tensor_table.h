#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "backbone/weight_source.h"

namespace hyena::inspect {

/// A tensor of a file and the numbers in it.
struct TensorRow {
  std::string name;
  std::string dtype;  ///< as in the file, e.g. "BF16"
  std::vector<std::int64_t> shape;
  std::int64_t numel = 0;
  std::int64_t nan = 0, inf = 0;
  std::int64_t finite = 0;  ///< how many numbers the statistics are of
  /// Over the finite numbers, computed in float64; `std` divides by their count. All 0 when there
  /// are none. For complex numbers, of the absolute values.
  double min = 0, max = 0, mean = 0, std = 0;
  bool readable = true;  ///< false: the element type has no numbers here (F4, F6); no statistics
};

/// One row for each tensor, sorted by name. Memory for one tensor at a time.
std::vector<TensorRow> tensor_table(const backbone::WeightSource& source);

/// Aligned columns with a heading, one line a tensor; NaN and Inf are pointed out.
std::string to_text(const std::vector<TensorRow>& rows);
nlohmann::json to_json(const std::vector<TensorRow>& rows);

}  // namespace hyena::inspect
