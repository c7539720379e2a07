#include <cmath>
#include <limits>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>

#include "inspect/figure/figure_fields.h"
#include "inspect/figure/figure_json.h"

namespace hyena::inspect {
namespace {

using nlohmann::json;

[[noreturn]] void fail(const std::string& where, const std::string& what) {
  throw std::invalid_argument(where + ": " + what);
}

[[noreturn]] void expected(const std::string& where, const char* what, const json& found) {
  fail(where, std::string(what) + " is expected, found " +
                  (found.is_null() ? "nothing" : std::string("a JSON ") + found.type_name()));
}

/// Reads the fields of one object. Fields that are absent keep their defaults; others than those
/// named are refused, so that a misspelt one is not lost.
class Reader {
 public:
  Reader(const json& in, std::string where) : in_(in), where_(std::move(where)) {
    if (!in.is_object()) expected(where_, "an object", in);
  }

  template <class T>
  void operator()(const char* name, T& field) {
    known_.insert(name);
    if (const auto found = in_.find(name); found != in_.end()) {
      read(*found, field, where_ + "." + name);
    }
  }
  void ignore(const char* name) { known_.insert(name); }
  void finish() const {
    for (const auto& [name, value] : in_.items()) {
      if (!known_.contains(name)) fail(where_, "there is no field \"" + name + "\"");
    }
  }

  static void read(const json& in, std::string& out, const std::string& where) {
    if (!in.is_string()) expected(where, "a text", in);
    out = in.get<std::string>();
  }
  static void read(const json& in, double& out, const std::string& where) {
    if (in.is_null()) {
      out = std::numeric_limits<double>::quiet_NaN();
    } else if (in.is_number()) {
      out = in.get<double>();
    } else {
      expected(where, "a number", in);
    }
  }
  static void read(const json& in, bool& out, const std::string& where) {
    if (!in.is_boolean()) expected(where, "true or false", in);
    out = in.get<bool>();
  }
  static void read(const json& in, std::int64_t& out, const std::string& where) {
    if (!in.is_number_integer()) expected(where, "a whole number", in);
    out = in.get<std::int64_t>();
  }
  static void read(const json& in, json& out, const std::string&) { out = in; }
  static void read(const json& in, Array& out, const std::string& where) {
    if (in.is_null()) {
      out = {};
      return;
    }
    std::string name;
    std::vector<std::string> dims;
    std::vector<std::int64_t> shape;
    std::vector<float> values;
    Reader reader(in, where);
    reader("name", name);
    reader("dims", dims);
    reader("shape", shape);
    reader("values", values);
    reader.finish();
    try {
      out = Array(std::move(name), std::move(dims), std::move(shape), std::move(values));
    } catch (const std::invalid_argument& error) {
      fail(where, error.what());
    }
  }
  static void read(const json& in, float& out, const std::string& where) {
    if (in.is_number()) {
      out = static_cast<float>(in.get<double>());
    } else if (in.is_null()) {
      out = std::numeric_limits<float>::quiet_NaN();
    } else if (in == "inf" || in == "-inf") {
      out = std::numeric_limits<float>::infinity() * (in == "inf" ? 1.0F : -1.0F);
    } else {
      expected(where, "a number, null or \"inf\"", in);
    }
  }
  static void read(const json& in, Content& out, const std::string& where) {
    if (!in.is_object()) expected(where, "an object", in);
    std::string kind;
    read(in.value("kind", json()), kind, where + ".kind");
    std::string kinds;
    for (std::size_t i = 0; i < content_kinds.size(); ++i) {
      if (kind == content_kinds[i]) return read_kind(in, out, i, where);
      kinds += (i == 0 ? "" : ", ") + std::string(content_kinds[i]);
    }
    fail(where + ".kind", "there is no kind \"" + kind + "\"; there are " + kinds);
  }
  template <class T>
  static void read(const json& in, std::optional<T>& out, const std::string& where) {
    out.reset();
    if (!in.is_null()) read(in, out.emplace(), where);
  }
  template <class T>
  static void read(const json& in, std::vector<T>& out, const std::string& where) {
    if (!in.is_array()) expected(where, "a list", in);
    out.resize(in.size());
    for (std::size_t i = 0; i < out.size(); ++i) {
      read(in[i], out[i], where + "[" + std::to_string(i) + "]");
    }
  }
  template <class T>
  requires std::is_enum_v<T>
  static void read(const json& in, T& out, const std::string& where) {
    std::string name, names;
    read(in, name, where);
    for (std::size_t i = 0; i < EnumNames<T>::names.size(); ++i) {
      if (name == EnumNames<T>::names[i]) {
        out = static_cast<T>(i);
        return;
      }
      names += (i == 0 ? "" : ", ") + std::string(EnumNames<T>::names[i]);
    }
    fail(where, "\"" + name + "\" is none of " + names);
  }
  template <class T>
  requires requires(Reader& r, T& x) { fields(r, x); }
  static void read(const json& in, T& out, const std::string& where) {
    Reader reader(in, where);
    fields(reader, out);
    reader.finish();
  }

 private:
  template <std::size_t I = 0>
  static void read_kind(const json& in, Content& out, std::size_t kind, const std::string& where) {
    if constexpr (I < std::variant_size_v<Content>) {
      if (kind != I) return read_kind<I + 1>(in, out, kind, where);
      Reader reader(in, where);
      reader.ignore("kind");
      fields(reader, out.emplace<I>());
      reader.finish();
    }
  }

  const json& in_;
  std::string where_;
  std::set<std::string> known_;
};

}  // namespace

Figure figure_from_json(const nlohmann::json& json) {
  Reader reader(json, "figure");
  std::string format;
  std::int64_t version = 0;
  reader("format", format);
  reader("version", version);
  if (format != "hyena figure") fail("figure.format", "this is no figure of hyena");
  if (version != 1) {
    fail("figure.version", "version " + std::to_string(version) + " is not 1, the one known here");
  }
  Figure figure;
  fields(reader, figure);
  reader.finish();
  check_figure(figure);
  return figure;
}

}  // namespace hyena::inspect
