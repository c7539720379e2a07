#include "train/run_options.h"

#include <sstream>

#include <toml++/toml.h>

#include "backbone/options.h"

namespace hyena::train {
namespace {

using nlohmann::json;

json from_toml(const toml::node& node) {
  if (const auto* table = node.as_table()) {
    json out = json::object();
    for (const auto& [key, value] : *table) out[std::string(key.str())] = from_toml(value);
    return out;
  }
  if (const auto* array = node.as_array()) {
    json out = json::array();
    for (const auto& value : *array) out.push_back(from_toml(value));
    return out;
  }
  if (const auto* value = node.as_boolean()) return value->get();
  if (const auto* value = node.as_integer()) return value->get();
  if (const auto* value = node.as_floating_point()) return value->get();
  if (const auto* value = node.as_string()) return value->get();
  throw backbone::OptionError("dates and times are no options");
}

void append(toml::array& array, const json& value);
void assign(toml::table& table, const std::string& key, const json& value);

/// Calls f with the TOML form of `value`; null has none and is left out.
template <class F>
void as_toml(const json& value, F&& f) {
  switch (value.type()) {
    case json::value_t::boolean:
      return f(value.get<bool>());
    case json::value_t::number_integer:
    case json::value_t::number_unsigned:
      return f(value.get<std::int64_t>());
    case json::value_t::number_float:
      return f(value.get<double>());
    case json::value_t::string:
      return f(value.get<std::string>());
    case json::value_t::array: {
      toml::array array;
      for (const auto& item : value) append(array, item);
      return f(std::move(array));
    }
    case json::value_t::object: {
      toml::table table;
      for (const auto& [key, item] : value.items()) assign(table, key, item);
      return f(std::move(table));
    }
    default:
      break;
  }
}

void append(toml::array& array, const json& value) {
  as_toml(value, [&](auto v) { array.push_back(std::move(v)); });
}

void assign(toml::table& table, const std::string& key, const json& value) {
  as_toml(value, [&](auto v) { table.insert(key, std::move(v)); });
}

}  // namespace

json run_options_to_json(const RunOptions& options) {
  json out = backbone::json_of(options);
  out["model_options"] = options.model_options;
  return out;
}

void apply_run_options(RunOptions& options, const json& in, const std::string& where) {
  json flat = in;
  if (const auto nested = flat.find("model_options"); nested != flat.end()) {
    if (!nested->is_object()) {
      throw backbone::OptionError(where + ": model_options must be a table, got " + nested->dump());
    }
    options.model_options.merge_patch(*nested);
    flat.erase(nested);
  }
  backbone::OptionsOf<RunOptions> any(options);
  backbone::options_from_json(any, flat, where);
}

json read_toml(const std::string& file) {
  try {
    return from_toml(toml::parse_file(file));
  } catch (const toml::parse_error& error) {
    std::ostringstream message;
    message << file << ", line " << error.source().begin.line << ": " << error.description();
    throw backbone::OptionError(message.str());
  }
}

std::string to_toml(const json& options) {
  toml::table table;
  for (const auto& [key, value] : options.items()) assign(table, key, value);
  std::ostringstream out;
  out << table << "\n";
  return out.str();
}

}  // namespace hyena::train
