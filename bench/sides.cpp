#include "bench/sides.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace hyena::bench {
namespace {

std::string duration(double seconds) {
  char text[32];
  if (seconds < 1e-3) {
    std::snprintf(text, sizeof text, "%.1f us", seconds * 1e6);
  } else if (seconds < 1) {
    std::snprintf(text, sizeof text, "%.2f ms", seconds * 1e3);
  } else {
    std::snprintf(text, sizeof text, "%.2f s", seconds);
  }
  return text;
}

}  // namespace

nlohmann::json compare(const std::vector<Side>& sides, const Effort& effort) {
  std::vector<std::int64_t> calls;
  for (const Side& side : sides) {
    side.run();  // first touches of memory, tables, caches
    const Stopwatch watch;
    side.run();
    calls.push_back(std::max<std::int64_t>(
        1, static_cast<std::int64_t>(std::ceil(effort.seconds / std::max(watch.seconds(), 1e-7)))));
  }
  std::vector<std::vector<double>> times(sides.size());
  for (std::int64_t round = 0; round < effort.rounds; ++round) {
    for (std::size_t i = 0; i < sides.size(); ++i) {
      const Stopwatch watch;
      const double processor = process_seconds();
      for (std::int64_t c = 0; c < calls[i]; ++c) sides[i].run();
      const double spent = effort.processor ? process_seconds() - processor : watch.seconds();
      times[i].push_back(spent / static_cast<double>(calls[i]));
    }
  }
  nlohmann::json result{{"sides", nlohmann::json::array()}, {"ratios", nlohmann::json::object()}};
  for (std::size_t i = 0; i < sides.size(); ++i) {
    const Spread time = spread_of(times[i]);
    nlohmann::json side{
        {"name", sides[i].name}, {"seconds", time.median}, {"low", time.low}, {"high", time.high}};
    if (sides[i].error >= 0) side["error"] = sides[i].error;
    result["sides"].push_back(side);
    if (i == 0) continue;
    std::vector<double> ratios;
    for (std::size_t r = 0; r < times[i].size(); ++r) ratios.push_back(times[i][r] / times[0][r]);
    const Spread ratio = spread_of(ratios);
    result["ratios"][sides[i].name] = {
        {"median", ratio.median}, {"low", ratio.low}, {"high", ratio.high}};
  }
  return result;
}

std::string head(const std::string& first, const nlohmann::json& compared) {
  std::string names = first, rule = "|";
  for (const auto& side : compared.at("sides"))
    names += " " + side.at("name").get<std::string>() + " |";
  for (std::size_t i = 1; i < compared.at("sides").size(); ++i) {
    names += " / " + compared.at("sides")[i].at("name").get<std::string>() + " |";
  }
  for (const auto& side : compared.at("sides")) {
    if (side.contains("error")) names += " error of " + side.at("name").get<std::string>() + " |";
  }
  for (std::size_t i = 0;
       i + 1 < static_cast<std::size_t>(std::count(names.begin(), names.end(), '|')); ++i) {
    rule += "---|";
  }
  return names + "\n" + rule + "\n";
}

std::string cells(const nlohmann::json& compared) {
  std::string text;
  char cell[64];
  for (const auto& side : compared.at("sides")) text += " " + duration(side.at("seconds")) + " |";
  for (std::size_t i = 1; i < compared.at("sides").size(); ++i) {
    const auto& ratio =
        compared.at("ratios").at(compared.at("sides")[i].at("name").get<std::string>());
    std::snprintf(cell, sizeof cell, " %.2f (%.2f to %.2f) |", ratio.at("median").get<double>(),
                  ratio.at("low").get<double>(), ratio.at("high").get<double>());
    text += cell;
  }
  for (const auto& side : compared.at("sides")) {
    if (!side.contains("error")) continue;
    std::snprintf(cell, sizeof cell, " %.1e |", side.at("error").get<double>());
    text += cell;
  }
  return text;
}

}  // namespace hyena::bench
