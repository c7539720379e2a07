#include "inspect/figure/figure_json.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "inspect/figure/figure_fields.h"

namespace hyena::inspect {
namespace {

using nlohmann::json;

/// The double that prints in as few digits as the float.
json number(float value) {
  if (std::isnan(value)) return nullptr;
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  std::array<char, 32> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  double shortest = 0;
  std::from_chars(buffer.data(), end.ptr, shortest);
  return shortest;
}

struct Writer {
  json out = json::object();

  template <class T>
  void operator()(const char* name, const T& field) {
    out[name] = written(field);
  }

  static json written(const std::string& x) { return x; }
  static json written(double x) { return std::isfinite(x) ? json(x) : json(nullptr); }
  static json written(bool x) { return x; }
  static json written(std::int64_t x) { return x; }
  static json written(const json& x) { return x; }
  static json written(const Array& x) {
    if (x.empty() && x.shape().empty()) return nullptr;
    json values = json::array();
    values.get_ref<json::array_t&>().reserve(static_cast<std::size_t>(x.size()));
    for (std::int64_t i = 0; i < x.size(); ++i) values.push_back(number(x[i]));
    return {{"name", x.name()},
            {"dims", x.dims()},
            {"shape", x.shape()},
            {"values", std::move(values)}};
  }
  static json written(const Content& x) {
    json content = std::visit([](const auto& one) { return written(one); }, x);
    content["kind"] = content_kinds[x.index()];
    return content;
  }
  template <class T>
  static json written(const std::optional<T>& x) {
    return x ? written(*x) : json(nullptr);
  }
  template <class T>
  static json written(const std::vector<T>& x) {
    json list = json::array();
    for (const auto& one : x) list.push_back(written(one));
    return list;
  }
  template <class T>
  requires std::is_enum_v<T>
  static json written(T x) { return EnumNames<T>::names[static_cast<std::size_t>(x)]; }
  template <class T>
  requires requires(Writer& w, const T& x) { fields(w, x); }
  static json written(const T& x) {
    Writer inner;
    fields(inner, x);
    return std::move(inner.out);
  }
};

}  // namespace

nlohmann::json figure_json(const Figure& figure) {
  json out = Writer::written(figure);
  out["format"] = "hyena figure";
  out["version"] = 1;
  return out;
}

nlohmann::json provenance_json(const Provenance& provenance) {
  return Writer::written(provenance);
}

}  // namespace hyena::inspect
