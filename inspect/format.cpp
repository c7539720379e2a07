#include "inspect/format.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <utility>

namespace hyena::inspect {
namespace {

std::string printed(const char* format, double x) {
  std::array<char, 64> buffer{};
  std::snprintf(buffer.data(), buffer.size(), format, x);
  return buffer.data();
}

template <std::size_t N>
std::string scaled(double x, double step, const std::array<const char*, N>& units) {
  std::size_t i = 0;
  while (std::abs(x) >= step && i + 1 < N) {
    x /= step;
    ++i;
  }
  return printed(i == 0 ? "%.0f" : "%.2f", x) + units[i];
}

/// Characters, not bytes, of UTF-8.
std::size_t width(const std::string& text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

}  // namespace

std::string short_number(double x) {
  return printed("%.4g", x);
}

std::string count_text(double n) {
  return scaled(n, 1000, std::array{"", " k", " M", " G", " T", " P"});
}

std::string bytes_text(double bytes) {
  return scaled(bytes, 1024, std::array{" B", " KiB", " MiB", " GiB", " TiB"});
}

TextTable::TextTable(std::vector<std::string> heading, std::size_t left) : left_(left) {
  rows_.push_back(std::move(heading));
}

void TextTable::add(std::vector<std::string> cells) {
  cells.resize(rows_.front().size());
  rows_.push_back(std::move(cells));
}

std::string TextTable::text() const {
  std::vector<std::size_t> widths(rows_.front().size(), 0);
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
  }
  std::string out;
  for (const auto& row : rows_) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string padding(widths[i] - width(row[i]), ' ');
      line += (i == 0 ? "" : "  ") + (i < left_ ? row[i] + padding : padding + row[i]);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}

}  // namespace hyena::inspect
