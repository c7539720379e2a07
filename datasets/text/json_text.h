#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace hyena::datasets {

/// What is wrong with a record; what() is "column N: reason", N from 1.
class JsonFault : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The string under `field` in a line that holds one JSON object (RFC 8259), its escapes resolved.
/// Half of a surrogate pair alone becomes U+FFFD; bytes that are no UTF-8 stay. The rest of the
/// object is checked and passed over without being kept. Throws JsonFault: what is no JSON, more
/// than 64 levels, `field` missing, twice there or no string, anything behind the object.
std::string json_text(std::string_view line, std::string_view field);

}  // namespace hyena::datasets
