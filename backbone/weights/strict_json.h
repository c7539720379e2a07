#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace hyena::backbone {

/// A config.json, an index of shards or a folder that is not what it should be. what() begins with
/// the file's name.
class WeightFolderError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Parses `text`, which must be one JSON object of at most 64 MB, without a key twice in an object
/// and with at most 32 levels. Throws WeightFolderError, with `file` and the place in the message.
nlohmann::json parse_json_object(std::string_view text, const std::string& file);

}  // namespace hyena::backbone
