#include "kernels/cpu/item.h"

namespace hyena::kernels::cpu {

void refuse(const char* function, const std::string& what) {
  throw ArgumentError(std::string(function) + ": " + what);
}

void check(const char* function, std::int64_t batch, Type type, bool double_filter, bool has_v,
           bool has_output, const char* output) {
  if (batch < 0) refuse(function, "batch is negative: " + std::to_string(batch));
  if (batch > 0 && !has_v) refuse(function, "v is absent");
  if (batch > 0 && !has_output) refuse(function, std::string(output) + " is absent");
  if ((type == Type::kFloat64) != double_filter) {
    refuse(function, double_filter ? "the filter is float64, the signals are not"
                                   : "the signals are float64, the filter is not");
  }
}

void check(const char* function, std::int64_t batch, const ConstRows& q, const ConstRows& k,
           const Rows& dq, const Rows& dk, const Rows& dv) {
  if (batch == 0) return;
  if (!dv) refuse(function, "dv is absent");
  if (q && !dq) refuse(function, "dq is absent");
  if (k && !dk) refuse(function, "dk is absent");
}

std::int64_t batch_slices_of(std::int64_t batch, std::int64_t groups,
                             std::int64_t bytes_per_slice) {
  constexpr std::int64_t kWantedItems = 16, kMostBytes = std::int64_t{1} << 28;
  const std::int64_t wanted = (kWantedItems + groups - 1) / groups;
  return std::clamp<std::int64_t>(std::min(wanted, kMostBytes / bytes_per_slice), 1,
                                  std::max<std::int64_t>(batch, 1));
}

std::int64_t groups_at_once(std::int64_t groups, std::int64_t signals, std::int64_t bytes,
                            std::int64_t threads) {
  constexpr std::int64_t kMost = 4, kMostBytes = 5 << 16;
  const bool pays = groups > kMost && kMost * bytes <= kMostBytes;
  return pays && groups / kMost * signals >= threads ? kMost : 1;
}

}  // namespace hyena::kernels::cpu
