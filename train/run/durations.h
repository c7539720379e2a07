#pragma once

#include <string>

namespace hyena::train {

/// "0.42 s", "12.3 s", "3m 05s", "2h 07m", "4d 03h"; "?" for what is not a finite time.
std::string format_duration(double seconds);

/// "0.873", "87.3", "8731", "87.3k", "1.25M" and the unit, e.g. "img/s".
std::string format_rate(double per_second, const std::string& unit);

/// Shortest text that reads back as the same double; "nan", "inf".
std::string format_number(double value);

/// Time left when `done` of `total` took `elapsed` seconds; infinite before anything is done.
double remaining_seconds(double elapsed, double done, double total);

}  // namespace hyena::train
