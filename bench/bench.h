#pragma once

#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "backbone/options.h"

/// Programs that time this project's parts, beside those of others where these run in the same
/// process. `hyena bench` runs them; bench/peers has what needs Python.
namespace hyena::bench {

/// visit() lists its options, which are flags of `hyena bench NAME`.
class Bench : public backbone::AnyOptions {
 public:
  /// Measures. The result is one object: {"bench": name, "rows": [{...}, ...]}, times in seconds.
  virtual nlohmann::json run() = 0;
  /// The same to read: a Markdown table.
  virtual std::string table(const nlohmann::json& result) const = 0;
};

struct BenchEntry {
  const char* name;
  const char* summary;
  std::unique_ptr<Bench> (*make)();
};

/// To add one: one file that defines it, one line in registry.cpp.
const std::vector<BenchEntry>& benches();

}  // namespace hyena::bench
