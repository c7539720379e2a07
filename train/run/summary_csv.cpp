#include "train/run/summary_csv.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <stdexcept>
#include <utility>

#include "backbone/atomic_file.h"
#include "train/run/durations.h"

namespace hyena::train {
namespace {

std::vector<std::string> split(const std::string& line) {
  std::vector<std::string> cells(1);
  for (const char c : line) {
    if (c == ',') {
      cells.emplace_back();
    } else if (c != '\r') {
      cells.back() += c;
    }
  }
  return cells;
}

std::string joined(const std::vector<std::string>& cells) {
  std::string line;
  for (const std::string& cell : cells) {
    if (&cell != &cells.front()) line += ',';
    line += cell;
  }
  return line + '\n';
}

}  // namespace

std::vector<std::string> summary_columns(const std::vector<std::string>& metrics, bool ema) {
  std::vector<std::string> columns = {"epoch", "train_loss"};
  for (const char* prefix : {"eval_", "eval_ema_"}) {
    if (prefix == std::string("eval_ema_") && !ema) break;
    columns.push_back(std::string(prefix) + "loss");
    for (const std::string& metric : metrics) columns.push_back(prefix + metric);
  }
  columns.emplace_back("lr");
  return columns;
}

SummaryCsv::SummaryCsv(std::filesystem::path file, std::vector<std::string> columns,
                       std::int64_t first_epoch)
    : file_(std::move(file)), columns_(std::move(columns)) {
  std::ifstream in(file_);
  if (!in) return;
  const auto refuse = [&](std::int64_t line, const std::string& what) {
    throw std::runtime_error(file_.string() + ", line " + std::to_string(line) + ": " + what +
                             "; move the file away to begin a new one");
  };
  std::string line;
  if (!std::getline(in, line)) return;  // empty: as good as absent
  const std::vector<std::string> header = split(line);
  if (header.front() != "epoch") refuse(1, "the first column is not 'epoch'");
  for (const std::string& name : header) {
    if (std::ranges::find(columns_, name) == columns_.end()) columns_.push_back(name);
  }
  for (std::int64_t number = 2; std::getline(in, line); ++number) {
    if (line.empty()) continue;
    const std::vector<std::string> cells = split(line);
    if (cells.size() != header.size()) {
      refuse(number, std::to_string(cells.size()) + " cells under " +
                         std::to_string(header.size()) + " columns");
    }
    std::int64_t epoch = 0;
    const char* end = cells[0].data() + cells[0].size();
    if (const auto parsed = std::from_chars(cells[0].data(), end, epoch);
        parsed.ec != std::errc() || parsed.ptr != end) {
      refuse(number, "'" + cells[0] + "' is not an epoch");
    }
    if (epoch >= first_epoch) continue;
    auto& row = rows_[epoch];
    row.resize(columns_.size());
    for (std::size_t i = 0; i < header.size(); ++i) {
      row[static_cast<std::size_t>(std::ranges::find(columns_, header[i]) - columns_.begin())] =
          cells[i];
    }
  }
}

void SummaryCsv::add(std::int64_t epoch, const std::map<std::string, double>& values) {
  std::vector<std::string> row(columns_.size());
  row[0] = std::to_string(epoch);
  for (const auto& [name, value] : values) {
    const auto column = std::ranges::find(columns_, name);
    if (column == columns_.end() || column == columns_.begin()) {
      throw std::invalid_argument("summary: no column is called '" + name + "'");
    }
    row[static_cast<std::size_t>(column - columns_.begin())] = format_number(value);
  }
  rows_[epoch] = std::move(row);
  write();
}

void SummaryCsv::write() const {
  std::string text = joined(columns_);
  for (const auto& [epoch, row] : rows_) text += joined(row);
  backbone::write_file_atomically(file_, text);
}

}  // namespace hyena::train
