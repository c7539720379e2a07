#include "cli/flags.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <sstream>

#include <CLI/CLI.hpp>

namespace hyena::cli {
namespace {

using backbone::FieldDoc;
using nlohmann::json;

std::string dashed(std::string name) {
  std::ranges::replace(name, '_', '-');
  return name;
}

/// "--weight-decay,--weight_decay"
std::string spellings(const std::string& name) {
  const std::string other = dashed(name);
  return other == name ? "--" + name : "--" + other + ",--" + name;
}

std::string number(double value) {
  std::ostringstream out;
  out << value;
  return out.str();
}

template <class T>
std::string joined(const std::vector<T>& values) {
  std::ostringstream out;
  for (std::size_t i = 0; i < values.size(); ++i) out << (i ? " " : "") << values[i];
  return out.str();
}

/// "learning rate [epochs] (0 .. 1) = 0.1"
std::string describe(const FieldDoc& doc, const std::string& standing) {
  std::string text = doc.help;
  if (*doc.unit) text += std::string(" [") + doc.unit + "]";
  if (!doc.choices.empty()) text += " {" + joined(doc.choices) + "}";
  const bool low = std::isfinite(doc.min), high = std::isfinite(doc.max);
  if (low && high) {
    text += " (" + number(doc.min) + " .. " + number(doc.max) + ")";
  } else if (low || high) {
    text += low ? " (>= " + number(doc.min) + ")" : " (<= " + number(doc.max) + ")";
  }
  return standing.empty() ? text : text + " = " + standing;
}

template <class T>
json parse(const std::string& flag, const std::string& text) {
  if constexpr (std::is_same_v<T, std::string>) {
    return text;
  } else {
    T value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) {
      throw CLI::ValidationError(flag, std::string("expected ") +
                                           (std::is_integral_v<T> ? "a whole number" : "a number") +
                                           ", got '" + text + "'");
    }
    return value;
  }
}

}  // namespace

FlagSet::FlagSet(CLI::App& app, json& values, std::vector<std::string> skip)
    : app_(app), values_(values), skip_(std::move(skip)) {}

bool FlagSet::skipped(const char* name) const {
  return std::ranges::find(skip_, name) != skip_.end();
}

template <class T>
void FlagSet::add(const char* name, const std::string& standing, const char* kind,
                  const FieldDoc& doc) {
  if (skipped(name)) return;
  const std::string key = name;
  const std::string flag = "--" + dashed(key);
  app_.add_option(
          spellings(key),
          [&values = values_, key, flag](const std::vector<std::string>& texts) {
            values[key] = parse<T>(flag, texts.back());
            return true;
          },
          describe(doc, standing))
      ->type_name(kind)
      ->group(group_)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
}

void FlagSet::field(const char* name, bool& value, const FieldDoc& doc) {
  if (skipped(name)) return;
  const std::string key = name;
  std::string on = spellings(key), off = "--no-" + dashed(key);
  app_.add_flag_function(
          on + ",!" + off,
          [&values = values_, key](std::int64_t count) { values[key] = count > 0; },
          describe(doc, value ? "on" : "off"))
      ->group(group_);
}

void FlagSet::field(const char* name, std::int64_t& value, const FieldDoc& doc) {
  add<std::int64_t>(name, std::to_string(value), "N", doc);
}
void FlagSet::field(const char* name, double& value, const FieldDoc& doc) {
  add<double>(name, number(value), "X", doc);
}
void FlagSet::field(const char* name, std::string& value, const FieldDoc& doc) {
  add<std::string>(name, value, doc.choices.empty() ? "TEXT" : "NAME", doc);
}

namespace {

template <class T>
void add_list(CLI::App& app, json& values, const std::string& key, const std::string& group,
              const std::string& text, const char* kind) {
  const std::string flag = "--" + dashed(key);
  app.add_option(
         spellings(key),
         [&values, key, flag](const std::vector<std::string>& texts) {
           json list = json::array();
           for (const auto& one : texts) list.push_back(parse<T>(flag, one));
           values[key] = std::move(list);
           return true;
         },
         text)
      ->type_name(kind)
      ->group(group)
      ->expected(1, -1)
      ->allow_extra_args()
      ->delimiter(',');
}

}  // namespace

void FlagSet::field(const char* name, std::vector<std::int64_t>& value, const FieldDoc& doc) {
  if (!skipped(name)) {
    add_list<std::int64_t>(app_, values_, name, group_, describe(doc, joined(value)), "N ...");
  }
}
void FlagSet::field(const char* name, std::vector<double>& value, const FieldDoc& doc) {
  if (!skipped(name)) {
    add_list<double>(app_, values_, name, group_, describe(doc, joined(value)), "X ...");
  }
}
void FlagSet::field(const char* name, std::vector<std::string>& value, const FieldDoc& doc) {
  if (!skipped(name)) {
    add_list<std::string>(app_, values_, name, group_, describe(doc, joined(value)), "TEXT ...");
  }
}

std::vector<std::string> flag_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* at = &app; at != nullptr; at = at->get_parent()) {
    for (const CLI::Option* option : at->get_options()) {
      for (const auto& name : option->get_lnames()) {
        if (name.find('_') == std::string::npos) names.push_back(name);
      }
    }
  }
  return names;
}

}  // namespace hyena::cli
