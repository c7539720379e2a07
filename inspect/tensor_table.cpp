#include "inspect/tensor_table.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <ATen/ATen.h>

#include "backbone/tensor_file.h"
#include "inspect/format.h"

namespace hyena::inspect {
namespace {

/// Converted a piece at a time, so that no second copy of a large tensor is made.
constexpr std::int64_t kPiece = 1 << 20;

template <class F>
void for_each_number(const at::Tensor& flat, const F& f) {
  for (std::int64_t at = 0; at < flat.numel(); at += kPiece) {
    auto piece = flat.narrow(0, at, std::min(kPiece, flat.numel() - at));
    if (piece.is_complex()) piece = piece.abs();
    const auto numbers = piece.to(at::kDouble).contiguous();
    const double* begin = numbers.const_data_ptr<double>();
    std::for_each(begin, begin + numbers.numel(), f);
  }
}

void measure(const at::Tensor& tensor, TensorRow& row) {
  const at::Tensor flat = tensor.flatten();
  double min = std::numeric_limits<double>::infinity(), max = -min, sum = 0;
  for_each_number(flat, [&](double x) {
    if (std::isnan(x)) {
      ++row.nan;
    } else if (std::isinf(x)) {
      ++row.inf;
    } else {
      ++row.finite;
      min = std::min(min, x);
      max = std::max(max, x);
      sum += x;
    }
  });
  if (row.finite == 0) return;
  const auto count = static_cast<double>(row.finite);
  row.min = min;
  row.max = max;
  row.mean = sum / count;
  double squares = 0;  // around the mean: no cancellation
  for_each_number(flat, [&](double x) {
    if (std::isfinite(x)) squares += (x - row.mean) * (x - row.mean);
  });
  row.std = std::sqrt(squares / count);
}

}  // namespace

std::vector<TensorRow> tensor_table(const backbone::WeightSource& source) {
  using backbone::Dtype;
  std::vector<TensorRow> rows;
  for (const backbone::TensorEntry& entry : source.tensors()) {
    TensorRow& row = rows.emplace_back();
    row.name = entry.name;
    row.dtype = backbone::dtype_name(entry.dtype);
    row.shape = entry.shape;
    row.numel = entry.numel();
    row.readable =
        entry.dtype != Dtype::kF4 && entry.dtype != Dtype::kF6E2M3 && entry.dtype != Dtype::kF6E3M2;
    if (row.readable) measure(backbone::read_tensor(source, entry), row);
  }
  std::ranges::sort(rows, {}, &TensorRow::name);
  return rows;
}

std::string to_text(const std::vector<TensorRow>& rows) {
  TextTable table({"tensor", "dtype", "shape", "min", "max", "mean", "std", ""}, /*left=*/3);
  for (const TensorRow& row : rows) {
    std::string remark;
    if (row.nan > 0) remark += std::to_string(row.nan) + " NaN ";
    if (row.inf > 0) remark += std::to_string(row.inf) + " Inf ";
    const auto number = [&](double x) { return row.finite > 0 ? short_number(x) : "-"; };
    table.add({row.name, row.dtype, backbone::shape_text(row.shape), number(row.min),
               number(row.max), number(row.mean), number(row.std), remark});
  }
  return table.text();
}

nlohmann::json to_json(const std::vector<TensorRow>& rows) {
  nlohmann::json out = nlohmann::json::array();
  for (const TensorRow& row : rows) {
    nlohmann::json json = {{"name", row.name},   {"dtype", row.dtype}, {"shape", row.shape},
                           {"numel", row.numel}, {"nan", row.nan},     {"inf", row.inf}};
    for (const auto& [key, value] : {std::pair{"min", row.min}, std::pair{"max", row.max},
                                     std::pair{"mean", row.mean}, std::pair{"std", row.std}}) {
      json[key] = row.finite > 0 ? nlohmann::json(value) : nlohmann::json(nullptr);
    }
    out.push_back(std::move(json));
  }
  return out;
}

}  // namespace hyena::inspect
