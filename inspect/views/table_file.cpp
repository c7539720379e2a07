#include "inspect/views/table_file.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "backbone/options.h"

namespace hyena::inspect {
namespace {

using backbone::OptionError;

std::vector<std::string> cells_of(const std::string& line) {
  std::vector<std::string> out(1);
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (c == '"' && quoted && i + 1 < line.size() && line[i + 1] == '"') {
      out.back() += line[++i];
    } else if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      out.emplace_back();
    } else {
      out.back() += c;
    }
  }
  return out;
}

}  // namespace

std::size_t TableFile::column(const std::string& wanted) const {
  const auto found = std::ranges::find(columns, wanted);
  if (found != columns.end()) return static_cast<std::size_t>(found - columns.begin());
  std::string text = name + " has no column \"" + wanted + "\"";
  const auto nearest = backbone::nearest_name(wanted, columns);
  if (!nearest.empty()) text += "; did you mean \"" + nearest + "\"?";
  text += " There are:";
  for (const auto& column : columns) text += " " + column;
  throw OptionError(text);
}

std::vector<double> TableFile::numbers(const std::string& wanted) const {
  const std::size_t at = column(wanted);
  std::vector<double> out;
  for (const auto& row : rows) {
    const std::string& cell = row[at];
    double value = 0;
    const auto end = std::from_chars(cell.data(), cell.data() + cell.size(), value);
    const bool whole = end.ec == std::errc{} && end.ptr == cell.data() + cell.size();
    out.push_back(whole ? value : std::nan(""));
  }
  return out;
}

TableFile read_table(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw OptionError("the table " + path + " cannot be read; name a CSV file");
  TableFile out;
  const std::filesystem::path file(path);
  out.name =
      file.filename() == "summary.csv" && file.has_parent_path()
          ? std::filesystem::absolute(file).lexically_normal().parent_path().filename().string()
          : file.filename().string();
  std::string line;
  for (int number = 1; std::getline(in, line); ++number) {
    if (line.ends_with('\r')) line.pop_back();
    if (line.empty() || line.starts_with('#')) continue;
    auto cells = cells_of(line);
    if (out.columns.empty()) {
      out.columns = std::move(cells);
    } else if (cells.size() == out.columns.size()) {
      out.rows.push_back(std::move(cells));
    } else {
      throw OptionError(path + ", line " + std::to_string(number) + ": " +
                        std::to_string(cells.size()) + " cells under a heading of " +
                        std::to_string(out.columns.size()) + "; a CSV table is expected");
    }
  }
  if (out.rows.empty()) throw OptionError("the table " + path + " has no rows");
  return out;
}

std::vector<TableFile> read_tables(const std::string& paths) {
  std::vector<TableFile> out;
  std::istringstream in(paths);
  for (std::string path; std::getline(in, path, ',');) {
    if (!path.empty()) out.push_back(read_table(path));
  }
  if (out.empty()) throw OptionError("no table; name a CSV file");
  return out;
}

}  // namespace hyena::inspect
