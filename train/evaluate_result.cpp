#include "train/evaluate_result.h"

#include <cmath>
#include <sstream>

namespace hyena::train {
namespace {

/// As RFC 4180: quoted when a comma, a quote or a line break is inside.
std::string csv_cell(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

std::string name_of(const std::vector<std::string>& names, std::int64_t index) {
  const auto i = static_cast<std::size_t>(index);
  return csv_cell(i < names.size() ? names[i] : "class " + std::to_string(index));
}

}  // namespace

double Evaluation::metric(const std::string& name) const {
  if (name == "loss") return loss;
  return name == "top5" ? top5 : top1;
}

nlohmann::json Evaluation::json() const {
  // The standard error of a share of `pictures` independent trials, in percent points.
  const auto error = [&](double percent) {
    const double p = percent / 100;
    return pictures > 0 ? 100 * std::sqrt(p * (1 - p) / static_cast<double>(pictures)) : 0.0;
  };
  return {{"pictures", pictures},    {"loss", loss},           {"top1", top1}, {"top5", top5},
          {"top1_err", error(top1)}, {"top5_err", error(top5)}};
}

std::string Evaluation::per_class_csv(const std::vector<std::string>& names) const {
  std::ostringstream out;
  out << "class,pictures,correct,top1\n";
  for (std::int64_t c = 0; c < num_classes; ++c) {
    const auto row = confusion.begin() + c * num_classes;
    std::int64_t count = 0;
    for (auto cell = row; cell != row + num_classes; ++cell) count += *cell;
    const std::int64_t correct = row[c];
    out << name_of(names, c) << "," << count << "," << correct << ",";
    if (count > 0) out << 100.0 * static_cast<double>(correct) / static_cast<double>(count);
    out << "\n";
  }
  return out.str();
}

std::string Evaluation::confusion_csv(const std::vector<std::string>& names) const {
  std::ostringstream out;
  out << "true\\guessed";
  for (std::int64_t c = 0; c < num_classes; ++c) out << "," << name_of(names, c);
  out << "\n";
  for (std::int64_t r = 0; r < num_classes; ++r) {
    out << name_of(names, r);
    for (std::int64_t c = 0; c < num_classes; ++c) out << "," << confusion[r * num_classes + c];
    out << "\n";
  }
  return out.str();
}

}  // namespace hyena::train
