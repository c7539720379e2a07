#include "inspect/figure/ticks.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace hyena::inspect {
namespace {

const char* const minus = "\u2212";
const char* const thin_space = "\u2009";

/// In the C locale, whatever the program's is.
std::string plain(double x, int decimals) {
  std::array<char, 400> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), x,
                                 std::chars_format::fixed, decimals);
  return {buffer.data(), end.ptr};
}

/// The smallest of 1, 2, 5 times a power of ten that is not below x.
double round_step(double x) {
  const double decade = std::pow(10, std::floor(std::log10(x)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * decade >= x * (1 - 1e-9)) return factor * decade;
  }
  return 10 * decade;
}

double next_step(double step, bool powers_of_two) {
  return powers_of_two ? 2 * step : round_step(step * 1.01);
}

std::vector<Tick> even_ticks(Range range, int most, bool powers_of_two) {
  const double span = range.high - range.low;
  double step =
      powers_of_two ? std::exp2(std::ceil(std::log2(span / most) - 1e-9)) : round_step(span / most);
  if (powers_of_two) step = std::max(step, 1.0);
  const double slack = span * 1e-6;
  double first = 0, last = 0;
  for (;; step = next_step(step, powers_of_two)) {
    first = std::ceil((range.low - slack) / step);
    last = std::floor((range.high + slack) / step);
    if (last - first + 1 <= most) break;
  }
  const int decimals = std::clamp(static_cast<int>(-std::floor(std::log10(step) + 1e-9)), 0, 12);
  const double largest = std::max(std::abs(first), std::abs(last)) * step;
  const bool powers = largest >= 1e6 || largest < 1e-3;
  std::vector<Tick> found;
  for (double i = first; i <= last; ++i) {
    const double value = i == 0 ? 0 : i * step;
    found.push_back(
        {value, powers || i == 0 ? number_text(value, 3) : decimal_text(value, decimals)});
  }
  return found;
}

std::vector<Tick> log_ticks(Range range, int most) {
  std::vector<Tick> found;
  if (!(range.low > 0)) return found;
  const double low = std::log10(range.low), high = std::log10(range.high);
  const int first = static_cast<int>(std::ceil(low - 1e-6));
  const int last = static_cast<int>(std::floor(high + 1e-6));
  if (high - low < 2) {
    for (int decade = first - 1; decade <= last; ++decade) {
      for (const double factor : {1.0, 2.0, 5.0}) {
        const double value = factor * std::pow(10, decade);
        if (value >= range.low * (1 - 1e-6) && value <= range.high * (1 + 1e-6)) {
          found.push_back({value, number_text(value, 3)});
        }
      }
    }
    if (static_cast<int>(found.size()) > most) {
      std::erase_if(found, [](const Tick& tick) {
        const double decade = std::log10(tick.value);
        return std::abs(decade - std::round(decade)) > 1e-6;
      });
    }
    if (found.size() >= 2) return found;
    return even_ticks(range, most, false);
  }
  const int step = (last - first + most) / most;
  for (int decade = first; decade <= last; ++decade) {
    if ((decade % step + step) % step != 0) continue;
    const double value = std::pow(10, decade);
    found.push_back(
        {value, decade >= -2 && decade <= 4 ? number_text(value) : power_of_ten(decade)});
  }
  return found;
}

std::vector<Tick> log_powers_of_two(Range range, int most) {
  std::vector<Tick> found;
  if (!(range.low > 0)) return found;
  const int first = static_cast<int>(std::ceil(std::log2(range.low) - 1e-6));
  const int last = static_cast<int>(std::floor(std::log2(range.high) + 1e-6));
  const int step = (last - first + most) / most;
  for (int i = first; i <= last; i += std::max(step, 1)) {
    found.push_back({std::exp2(i), number_text(std::exp2(i), 8)});
  }
  return found;
}

}  // namespace

std::vector<Tick> ticks(const Axis& axis, Range range, int most) {
  if (!(range.high > range.low) || !std::isfinite(range.high - range.low) || most < 1) return {};
  if (axis.scale == Scale::log) {
    return axis.powers_of_two ? log_powers_of_two(range, most) : log_ticks(range, most);
  }
  return even_ticks(range, most, axis.powers_of_two && range.high - range.low >= most);
}

std::vector<Tick> reciprocal_ticks(Range range, int most, double apart) {
  std::vector<Tick> found;
  if (!(range.high > range.low) || range.high <= 0) return found;
  const double span = range.high - range.low;
  double edge = range.high + span * 1e-6;
  // From the right: 1 / x changes least there. Whole numbers while they are few, then 1-2-5.
  double label = std::ceil(1 / edge * (1 - 1e-9));
  if (1 / range.high < 1) label = round_step(1 / range.high);
  for (int tries = 0; tries < 64 && static_cast<int>(found.size()) < most; ++tries) {
    const double place = 1 / label;
    if (place < range.low) break;
    if (found.empty() ? place <= edge : place <= edge - apart * span) {
      found.push_back({place, number_text(label)});
      edge = place;
    }
    if (place - range.low < apart * span) break;
    label = label < 5 && label >= 1 ? label + 1 : round_step(label * 1.01);
  }
  std::ranges::reverse(found);
  return found;
}

std::string decimal_text(double x, int decimals) {
  std::string digits = plain(std::abs(x), decimals);
  const std::size_t point = std::min(digits.find('.'), digits.size());
  if (point >= 4) {
    for (std::size_t i = point; i > 3;) {
      i -= 3;
      if (i > 0) digits.insert(i, thin_space);
    }
  }
  const bool zero = digits.find_first_not_of("0.") == std::string::npos;
  return x < 0 && !zero ? minus + digits : digits;
}

std::string power_of_ten(int exponent) {
  static const std::array<const char*, 10> digits{"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
  std::string text = "10";
  if (exponent < 0) text += "⁻";
  for (const char c : std::to_string(std::abs(exponent))) {
    text += digits[static_cast<std::size_t>(c - '0')];
  }
  return text;
}

std::string number_text(double x, int digits) {
  if (std::isnan(x)) return "–";
  if (std::isinf(x)) return x > 0 ? "∞" : std::string(minus) + "∞";
  if (x == 0) return "0";
  const int exponent = static_cast<int>(std::floor(std::log10(std::abs(x)) + 1e-12));
  const auto trimmed = [](std::string text) {
    if (text.find('.') == std::string::npos) return text;
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
    return text;
  };
  if (exponent < -4 || exponent >= std::max(digits, 6)) {
    const std::string factor = trimmed(decimal_text(x / std::pow(10, exponent), digits - 1));
    if (factor == "1") return power_of_ten(exponent);
    if (factor == std::string(minus) + "1") return minus + power_of_ten(exponent);
    return factor + "·" + power_of_ten(exponent);
  }
  return trimmed(decimal_text(x, std::max(digits - 1 - exponent, 0)));
}

}  // namespace hyena::inspect
