#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "inspect/figure/figure.h"

namespace hyena::inspect {

struct Tick {
  double value = 0;
  std::string label = {};
};

/// At most `most` ticks inside the range, ends included. Linear: steps of 1, 2 or 5 times a power
/// of ten; powers_of_two: multiples of a power of two; log: decades, thinned out, or the 1-2-5
/// numbers where the range is shorter than two decades. An empty or reversed range has none.
std::vector<Tick> ticks(const Axis& axis, Range range, int most = 6);

/// Ticks of 1 / x for an axis that runs over `range` (period over frequency): .value lies on that
/// axis, .label is the reciprocal, a 1-2-5 number. `apart`: the least share of the range between
/// two.
std::vector<Tick> reciprocal_ticks(Range range, int most = 6, double apart = 0.06);

/// For people: minus sign U+2212, thin spaces between thousands (U+2009), "2·10⁻⁵" for very small
/// and very large numbers. `digits`: significant ones.
std::string number_text(double x, int digits = 4);
/// The same with a fixed count of decimals.
std::string decimal_text(double x, int decimals);
/// "10⁻³".
std::string power_of_ten(int exponent);

}  // namespace hyena::inspect
