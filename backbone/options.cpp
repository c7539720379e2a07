#include "backbone/options.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <numeric>
#include <sstream>

#include <nlohmann/json.hpp>

namespace hyena::backbone {
namespace {

using nlohmann::json;

std::string number(double value) {
  std::ostringstream out;
  out << value;
  return out.str();
}

template <class T>
void check_range(std::string_view where, const char* name, T value, const FieldDoc& doc) {
  const auto v = static_cast<double>(value);
  if (v >= doc.min && v <= doc.max) return;
  std::string range;
  if (std::isinf(doc.max)) {
    range = "at least " + number(doc.min);
  } else if (std::isinf(doc.min)) {
    range = "at most " + number(doc.max);
  } else {
    range = "between " + number(doc.min) + " and " + number(doc.max);
  }
  throw OptionError(std::string(where) + ": " + name + " must be " + range +
                    (*doc.unit ? std::string(" ") + doc.unit : "") + ", got " + number(v));
}

void check_range(std::string_view where, const char* name, const std::string& value,
                 const FieldDoc& doc) {
  if (doc.choices.empty() || std::ranges::find(doc.choices, value) != doc.choices.end()) return;
  std::string list;
  for (const auto& choice : doc.choices) list += (list.empty() ? "" : ", ") + choice;
  throw OptionError(std::string(where) + ": " + name + " must be one of " + list + ", got '" +
                    value + "'");
}

void check_range(std::string_view, const char*, bool, const FieldDoc&) {}

template <class T>
void check_range(std::string_view where, const char* name, const std::vector<T>& values,
                 const FieldDoc& doc) {
  for (const T& value : values) check_range(where, name, value, doc);
}

/// A visitor that treats every type alike: Derived has a template handle(name, value, doc).
template <class Derived>
class EachField : public OptionVisitor {
 public:
  void field(const char* n, bool& v, const FieldDoc& d) override { self().handle(n, v, d); }
  void field(const char* n, std::int64_t& v, const FieldDoc& d) override { self().handle(n, v, d); }
  void field(const char* n, double& v, const FieldDoc& d) override { self().handle(n, v, d); }
  void field(const char* n, std::string& v, const FieldDoc& d) override { self().handle(n, v, d); }
  void field(const char* n, std::vector<std::int64_t>& v, const FieldDoc& d) override {
    self().handle(n, v, d);
  }
  void field(const char* n, std::vector<double>& v, const FieldDoc& d) override {
    self().handle(n, v, d);
  }
  void field(const char* n, std::vector<std::string>& v, const FieldDoc& d) override {
    self().handle(n, v, d);
  }

 private:
  Derived& self() { return static_cast<Derived&>(*this); }
};

class Writer : public EachField<Writer> {
 public:
  template <class T>
  void handle(const char* name, const T& value, const FieldDoc&) {
    out[name] = value;
  }
  json out = json::object();
};

class Checker : public EachField<Checker> {
 public:
  explicit Checker(std::string_view where) : where_(where) {}
  template <class T>
  void handle(const char* name, const T& value, const FieldDoc& doc) {
    check_range(where_, name, value, doc);
  }

 private:
  std::string_view where_;
};

class Reader : public EachField<Reader> {
 public:
  Reader(const json& in, std::string_view where) : in_(in), where_(where) {}

  template <class T>
  void handle(const char* name, T& value, const FieldDoc& doc) {
    known.emplace_back(name);
    const auto found = in_.find(name);
    if (found == in_.end()) return;
    T parsed{};
    if (!parse(*found, parsed)) {
      throw OptionError(std::string(where_) + ": " + name +
                        " has the wrong type: " + found->dump().substr(0, 80));
    }
    check_range(where_, name, parsed, doc);
    value = std::move(parsed);
  }

  std::vector<std::string> known;

 private:
  static bool parse(const json& j, bool& v) { return j.is_boolean() && (v = j.get<bool>(), true); }
  static bool parse(const json& j, std::int64_t& v) {
    if (j.is_number_integer()) return v = j.get<std::int64_t>(), true;
    // 2.0 is a whole number to a person who wrote it.
    if (!j.is_number_float() || j.get<double>() != std::floor(j.get<double>())) return false;
    return std::abs(j.get<double>()) < 9e15 &&
           (v = static_cast<std::int64_t>(j.get<double>()), true);
  }
  static bool parse(const json& j, double& v) {
    return j.is_number() && (v = j.get<double>(), true);
  }
  static bool parse(const json& j, std::string& v) {
    return j.is_string() && (v = j.get<std::string>(), true);
  }
  template <class T>
  static bool parse(const json& j, std::vector<T>& v) {
    if (!j.is_array()) return false;
    v.resize(j.size());
    for (std::size_t i = 0; i < j.size(); ++i) {
      if (!parse(j[i], v[i])) return false;
    }
    return true;
  }

  const json& in_;
  std::string_view where_;
};

}  // namespace

json options_to_json(AnyOptions& options) {
  Writer writer;
  options.visit(writer);
  return std::move(writer.out);
}

void options_from_json(AnyOptions& options, const json& in, std::string_view where) {
  if (!in.is_object()) {
    throw OptionError(std::string(where) + ": expected an object of options, got " +
                      in.dump().substr(0, 80));
  }
  Reader reader(in, where);
  options.visit(reader);
  for (const auto& [key, value] : in.items()) {
    if (std::ranges::find(reader.known, key) != reader.known.end()) continue;
    const std::string near = nearest_name(key, reader.known);
    throw OptionError(std::string(where) + ": unknown option '" + key + "'" +
                      (near.empty() ? "" : "; did you mean '" + near + "'?"));
  }
}

void check_options(AnyOptions& options, std::string_view where) {
  Checker checker(where);
  options.visit(checker);
}

std::string nearest_name(std::string_view name, const std::vector<std::string>& candidates) {
  std::string best;
  std::size_t best_distance = name.size() / 2 + 1;
  for (const auto& candidate : candidates) {
    std::vector<std::size_t> row(candidate.size() + 1);  // Levenshtein, one row at a time
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < name.size(); ++i) {
      std::size_t diagonal = row[0]++;
      for (std::size_t j = 0; j < candidate.size(); ++j) {
        const std::size_t substitute = diagonal + (name[i] != candidate[j]);
        diagonal = row[j + 1];
        row[j + 1] = std::min({row[j] + 1, row[j + 1] + 1, substitute});
      }
    }
    if (row.back() < best_distance) {
      best_distance = row.back();
      best = candidate;
    }
  }
  return best;
}

}  // namespace hyena::backbone
