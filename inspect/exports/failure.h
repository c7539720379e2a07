#pragma once

#include <stdexcept>
#include <string>

namespace hyena::inspect {

/// Why a figure could not be made or written; the numbers are the command line's exit codes.
enum class FailureKind {
  general = 1,
  usage = 2,  ///< a name or a value that cannot be
  file = 3,   ///< not there, or not readable
  model = 4,  ///< a file that is no model, or one that is not supported
  input = 5,  ///< a picture, a text or a table that does not serve
  view = 6,   ///< the view cannot be drawn of this, or failed
  write = 7,
  cancelled = 130,
};

/// "usage", "file", "model", …: the kind in JSON.
const char* name_of(FailureKind kind);

/// what() is a sentence for the user.
class ExportFailure : public std::runtime_error {
 public:
  ExportFailure(FailureKind what_kind, const std::string& message)
      : std::runtime_error(message), kind(what_kind) {}
  FailureKind kind;
};

}  // namespace hyena::inspect
