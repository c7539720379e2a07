#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "datasets/dataset.h"

namespace hyena::datasets {

struct VerifyOptions {
  std::int64_t workers = 2;
  bool duplicates = false;  ///< compare contents too
};

/// Sides of the pictures that could be read.
struct SizeStatistics {
  std::int64_t min_height = 0, max_height = 0;
  std::int64_t min_width = 0, max_width = 0;
  double mean_height = 0, mean_width = 0;
};

struct VerifyReport {
  std::int64_t samples = 0;                ///< that were looked at
  bool complete = false;                   ///< false: the caller stopped it
  std::vector<std::string> unreadable;     ///< "NAME: reason", by index
  std::vector<std::int64_t> class_counts;  ///< readable samples of each class
  SizeStatistics sizes;
  /// Names of samples with equal pixels, by index of the first; with options.duplicates. Equality
  /// is that of 128 bits of hash.
  std::vector<std::vector<std::string>> duplicates;
};

/// Reads and decodes every sample of a dataset. `progress(done, total)` is called from the calling
/// thread now and then, and at the end; when it returns false, the walk stops. The report does not
/// depend on the number of workers.
VerifyReport verify_dataset(const Dataset& dataset, const VerifyOptions& options,
                            const std::function<bool(std::int64_t, std::int64_t)>& progress = {});

}  // namespace hyena::datasets
