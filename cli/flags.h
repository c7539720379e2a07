#pragma once

#include <string>
#include <vector>

#include <CLI/App.hpp>
#include <nlohmann/json.hpp>

#include "backbone/options.h"

/// Command-line flags made from options structs.
namespace hyena::cli {

/// Declares one flag for each field that is visited and collects what the user wrote into a JSON
/// object, to be applied over defaults, recipe and configuration file. `--weight-decay 0.05` and
/// `--weight_decay 0.05` are the same; a bool is `--amp` or `--no-amp`; a list is `--scale 0.5 1`.
class FlagSet : public backbone::OptionVisitor {
 public:
  /// Values land in `values`, an object that outlives the parsing; this need not. Fields in `skip`
  /// get no flag.
  FlagSet(CLI::App& app, nlohmann::json& values, std::vector<std::string> skip = {});

  void group(const char* title) override { group_ = title; }
  void field(const char* name, bool& value, const backbone::FieldDoc& doc) override;
  void field(const char* name, std::int64_t& value, const backbone::FieldDoc& doc) override;
  void field(const char* name, double& value, const backbone::FieldDoc& doc) override;
  void field(const char* name, std::string& value, const backbone::FieldDoc& doc) override;
  void field(const char* name, std::vector<std::int64_t>& value,
             const backbone::FieldDoc& doc) override;
  void field(const char* name, std::vector<double>& value, const backbone::FieldDoc& doc) override;
  void field(const char* name, std::vector<std::string>& value,
             const backbone::FieldDoc& doc) override;

 private:
  bool skipped(const char* name) const;
  template <class T>
  void add(const char* name, const std::string& standing, const char* kind,
           const backbone::FieldDoc& doc);

  CLI::App& app_;
  nlohmann::json& values_;
  std::vector<std::string> skip_;
  std::string group_ = "Options";
};

/// Every long flag of `app` and its parents, without dashes: what a mistyped one is compared with.
std::vector<std::string> flag_names(const CLI::App& app);

}  // namespace hyena::cli
