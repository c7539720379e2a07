#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

/// Numbers and tables as text for a terminal.
namespace hyena::inspect {

/// Four significant digits: "0.02134", "1.2e-05".
std::string short_number(double x);
/// "29.35 M", "1.2 k", "17"; decimal steps.
std::string count_text(double n);
/// "112.0 MiB".
std::string bytes_text(double bytes);

/// Columns as wide as their widest cell, two spaces apart, under a heading.
class TextTable {
 public:
  /// The first `left` columns are aligned to the left, the others to the right.
  TextTable(std::vector<std::string> heading, std::size_t left);
  void add(std::vector<std::string> cells);
  std::string text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
  std::size_t left_;
};

}  // namespace hyena::inspect
