#include "datasets/tokenizer/strict_json.h"

#include <unordered_set>
#include <vector>

#include "datasets/dataset.h"

namespace hyena::datasets {

nlohmann::json parse_strictly(const std::string& text, const std::string& file) {
  constexpr int kDeepest = 32;
  using Event = nlohmann::json::parse_event_t;
  // The parser takes a byte 0 for the end.
  if (text.find('\0') != std::string::npos) throw ReadError(file + ": invalid JSON: a byte 0");
  std::vector<std::unordered_set<std::string>> keys;  // of the objects that are open
  const auto look = [&](int depth, Event event, nlohmann::json& value) {
    if (depth > kDeepest) {
      throw ReadError(file + ": more than " + std::to_string(kDeepest) + " levels of JSON");
    }
    if (event == Event::object_start) keys.emplace_back();
    if (event == Event::object_end) keys.pop_back();
    if (event == Event::key && !keys.back().insert(value.get<std::string>()).second) {
      throw ReadError(file + ": the key '" + value.get<std::string>() + "' appears twice");
    }
    return true;
  };
  try {
    return nlohmann::json::parse(text, look);
  } catch (const nlohmann::json::exception& error) {
    throw ReadError(file + ": invalid JSON, is the file cut off? " + error.what());
  }
}

}  // namespace hyena::datasets
