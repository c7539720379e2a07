#pragma once

#include <string>

namespace hyena::tests {

/// What f() throws as an Error, or a sentence that says it did not.
template <class Error, class F>
std::string message_of(F&& f) {
  try {
    f();
  } catch (const Error& error) {
    return error.what();
  }
  return "(nothing was thrown)";
}

}  // namespace hyena::tests
