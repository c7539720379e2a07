#pragma once

#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

/// Options are declared once, in a struct that lists its fields to a visitor:
///
///   struct StemOptions {
///     int64_t width = 64;
///     template <class Visitor>
///     void visit(Visitor& v) {
///       v.field("width", width, {.help = "channels of the stem", .min = 1});
///     }
///   };
///
/// Flags, TOML files, JSON metadata of checkpoints, help texts and model cards are visitors.
namespace hyena::backbone {

/// A value that no option accepts, or a name that no option has. what() is a sentence for the user.
class OptionError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// What a reader of `--help` needs to know about one field.
struct FieldDoc {
  const char* help = "";
  const char* unit = "";  ///< "pixels", "epochs", …; empty for a pure number or a name
  double min = -std::numeric_limits<double>::infinity();
  double max = std::numeric_limits<double>::infinity();
  std::vector<std::string> choices = {};  ///< for strings: the only values accepted
};

/// Receives each field of an options struct, in order. Override what is needed.
class OptionVisitor {
 public:
  virtual ~OptionVisitor() = default;
  /// What follows belongs under this heading of a help text.
  virtual void group(const char* /*title*/) {}
  virtual void field(const char* name, bool& value, const FieldDoc& doc) = 0;
  virtual void field(const char* name, std::int64_t& value, const FieldDoc& doc) = 0;
  virtual void field(const char* name, double& value, const FieldDoc& doc) = 0;
  virtual void field(const char* name, std::string& value, const FieldDoc& doc) = 0;
  virtual void field(const char* name, std::vector<std::int64_t>& value, const FieldDoc& doc) = 0;
  virtual void field(const char* name, std::vector<double>& value, const FieldDoc& doc) = 0;
  virtual void field(const char* name, std::vector<std::string>& value, const FieldDoc& doc) = 0;
};

/// An options struct behind a type-erased visit(), so that registries can hold any of them.
class AnyOptions {
 public:
  virtual ~AnyOptions() = default;
  virtual void visit(OptionVisitor& visitor) = 0;
};

template <class Options>
class OptionsOf final : public AnyOptions {
 public:
  explicit OptionsOf(Options& options) : options_(options) {}
  void visit(OptionVisitor& visitor) override { options_.visit(visitor); }

 private:
  Options& options_;
};

/// Every field as JSON, {"name": value, …}.
nlohmann::json options_to_json(AnyOptions& options);

/// Sets the fields named in `json` (an object), leaves the others alone.
/// Throws OptionError for an unknown name (naming the nearest one), a wrong type, a value outside
/// [min, max] or outside the choices. `where` opens the message, e.g. "model options".
void options_from_json(AnyOptions& options, const nlohmann::json& json, std::string_view where);

/// Checks every field against its range and choices; throws OptionError as above.
void check_options(AnyOptions& options, std::string_view where);

/// The candidate with the smallest edit distance to `name`, or "" when none is near (distance above
/// half the length).
std::string nearest_name(std::string_view name, const std::vector<std::string>& candidates);

template <class Options>
nlohmann::json json_of(Options options) {
  OptionsOf<Options> any(options);
  return options_to_json(any);
}

template <class Options>
Options options_of(const nlohmann::json& json, std::string_view where, Options options = {}) {
  OptionsOf<Options> any(options);
  options_from_json(any, json, where);
  return options;
}

}  // namespace hyena::backbone
