#include "inspect/model_page.h"

#include <cstdio>

#include "backbone/weights/open_weights.h"
#include "inspect/model_card.h"
#include "inspect/tensor_table.h"

namespace hyena::inspect {
namespace {

std::string short_number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", value);
  return text;
}

std::string shape_text(const std::vector<std::int64_t>& shape) {
  std::string text = "[";
  for (const auto size : shape) text += (text.size() > 1 ? ", " : "") + std::to_string(size);
  return text + "]";
}

}  // namespace

std::string model_card_page(const std::string& file) {
  return to_text(model_card(file));
}

Table tensor_page(const std::string& file) {
  const auto source = backbone::open_weights(file);
  Table table;
  for (const auto* name : {"name", "type", "shape"}) {
    table.columns.push_back({.title = name, .numeric = false});
  }
  for (const auto* name : {"numbers", "min", "max", "mean", "std", "NaN", "Inf"}) {
    table.columns.push_back({.title = name});
  }
  for (const auto& row : tensor_table(*source)) {
    table.rows.push_back({row.name, row.dtype, shape_text(row.shape), std::to_string(row.numel),
                          short_number(row.min), short_number(row.max), short_number(row.mean),
                          short_number(row.std), std::to_string(row.nan), std::to_string(row.inf)});
  }
  return table;
}

}  // namespace hyena::inspect
