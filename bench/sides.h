#pragma once

#include <functional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "bench/stopwatch.h"

namespace hyena::bench {

/// One way to do the work that is timed.
struct Side {
  std::string name;
  std::function<void()> run;
  double error = -1;  ///< relative L2 against float64; negative: not known
};

/// How long to measure.
struct Effort {
  std::int64_t rounds = 7;
  double seconds = 0.05;  ///< of a side in a round, at least
  /// Count the seconds of all threads on processors instead of those of the clock on the wall: for
  /// one thread on a machine that others use.
  bool processor = false;
};

/// Times the sides in turn, round after round in one process, so that what else the machine does
/// meets all of them. The first side is ours.
///   {"sides": [{"name", "seconds", "low", "high", "error"}, …],
///    "ratios": {PEER: {"median", "low", "high"}, …}}, a ratio above 1 where ours is faster.
nlohmann::json compare(const std::vector<Side>& sides, const Effort& effort);

/// "| 1.23 ms | 4.56 ms | 3.71 (3.6 to 3.8) |": times of all sides, then ratios of the peers.
std::string cells(const nlohmann::json& compared);
/// The head of such a table behind `first` columns: names of the sides, then of the ratios.
std::string head(const std::string& first, const nlohmann::json& compared);

}  // namespace hyena::bench
