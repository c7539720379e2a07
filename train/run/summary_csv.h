#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace hyena::train {

/// The columns of timm's summary.csv; with `ema`, those of the averaged weights follow the raw
/// ones.
std::vector<std::string> summary_columns(const std::vector<std::string>& metrics, bool ema);

/// One row an epoch, the whole file rewritten each time so that it is never half a row. Rows are
/// kept in order of their epochs.
class SummaryCsv {
 public:
  /// Opens or begins the file. Rows of epochs ≥ first_epoch are dropped: the run will write them
  /// again. Columns that an existing file has beyond `columns` stay. Throws std::runtime_error that
  /// names the file and the line when an existing file is not such a table.
  SummaryCsv(std::filesystem::path file, std::vector<std::string> columns,
             std::int64_t first_epoch);

  /// Adds the row of an epoch and writes the file. Columns that `values` does not name stay empty;
  /// a name that is no column throws std::invalid_argument.
  void add(std::int64_t epoch, const std::map<std::string, double>& values);

 private:
  void write() const;

  std::filesystem::path file_;
  std::vector<std::string> columns_;
  std::map<std::int64_t, std::vector<std::string>> rows_;  ///< cells in the order of columns_
};

}  // namespace hyena::train
