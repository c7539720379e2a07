#pragma once

#include <string>
#include <vector>

/// Tables that programs of this project write, for views without a model.
namespace hyena::inspect {

struct TableFile {
  std::string name = {};  ///< of the file without folders; of its folder where that says more
  std::vector<std::string> columns = {};
  std::vector<std::vector<std::string>> rows = {};

  /// Throws OptionError that names the nearest column, and which there are.
  std::size_t column(const std::string& name) const;
  /// As numbers; NaN for a cell that is none.
  std::vector<double> numbers(const std::string& name) const;
};

/// CSV with a heading: commas, quotes doubled inside quotes; lines that begin with # are left out.
/// Throws OptionError for a file that cannot be read, has no rows, or has a row of another width.
TableFile read_table(const std::string& path);

/// Several, by commas. Files called summary.csv go by the name of their folder.
std::vector<TableFile> read_tables(const std::string& paths);

}  // namespace hyena::inspect
