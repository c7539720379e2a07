#include "backbone/weights/strict_json.h"

#include <set>
#include <vector>

namespace hyena::backbone {
namespace {

constexpr std::size_t kLargest = 64'000'000;
constexpr int kMaxDepth = 32;

}  // namespace

nlohmann::json parse_json_object(std::string_view text, const std::string& file) {
  using nlohmann::json;
  const auto fail = [&](const std::string& reason) {
    throw WeightFolderError(file + ": " + reason);
  };
  if (text.size() > kLargest) {
    fail("has " + std::to_string(text.size()) + " bytes; more than 64 MB of JSON are not read");
  }
  // The parser keeps the last of equal keys; programs that keep the first would see another file.
  std::vector<std::set<std::string>> keys;
  const auto watch = [&](int depth, json::parse_event_t event, json& value) {
    if (depth >= kMaxDepth) fail("containers nested more than 32 deep");
    switch (event) {
      case json::parse_event_t::object_start:
        keys.emplace_back();
        break;
      case json::parse_event_t::object_end:
        keys.pop_back();
        break;
      case json::parse_event_t::key:
        if (!keys.back().insert(value.get<std::string>()).second) {
          fail("the key '" + value.get<std::string>().substr(0, 80) + "' appears twice");
        }
        break;
      default:
        break;
    }
    return true;
  };
  json out;
  try {
    out = json::parse(text, watch);
  } catch (const json::exception& error) {
    // Without "[json.exception.…] ".
    const std::string what = error.what();
    fail("broken JSON: " + what.substr(what.find("] ") + 2));
  }
  if (!out.is_object()) fail("a JSON object is needed here, found " + std::string(out.type_name()));
  return out;
}

}  // namespace hyena::backbone
