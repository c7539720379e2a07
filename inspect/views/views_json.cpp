#include <cmath>

#include "inspect/views/view.h"

namespace hyena::inspect {
namespace {

using backbone::FieldDoc;
using nlohmann::json;

/// Describes each field of a parameter struct.
class Schema final : public backbone::OptionVisitor {
 public:
  void group(const char* title) override { group_ = title; }
  void field(const char* name, bool& value, const FieldDoc& doc) override {
    add(name, "bool", value, doc);
  }
  void field(const char* name, std::int64_t& value, const FieldDoc& doc) override {
    add(name, "integer", value, doc);
  }
  void field(const char* name, double& value, const FieldDoc& doc) override {
    add(name, "number", value, doc);
  }
  void field(const char* name, std::string& value, const FieldDoc& doc) override {
    add(name, doc.choices.empty() ? "text" : "choice", value, doc);
  }
  void field(const char* name, std::vector<std::int64_t>& value, const FieldDoc& doc) override {
    add(name, "integers", value, doc);
  }
  void field(const char* name, std::vector<double>& value, const FieldDoc& doc) override {
    add(name, "numbers", value, doc);
  }
  void field(const char* name, std::vector<std::string>& value, const FieldDoc& doc) override {
    add(name, "texts", value, doc);
  }

  json out = json::array();

 private:
  void add(const char* name, const char* type, const json& value, const FieldDoc& doc) {
    json one = {{"name", name}, {"type", type}, {"default", value}, {"help", doc.help}};
    if (!group_.empty()) one["group"] = group_;
    if (*doc.unit != '\0') one["unit"] = doc.unit;
    if (std::isfinite(doc.min)) one["min"] = doc.min;
    if (std::isfinite(doc.max)) one["max"] = doc.max;
    if (!doc.choices.empty()) one["choices"] = doc.choices;
    out.push_back(std::move(one));
  }

  std::string group_;
};

json needs_json(const ViewNeeds& needs) {
  return {{"model", needs.model},
          {"vision", needs.vision},
          {"language", needs.language},
          {"long_filters", needs.long_filters},
          {"sequence_filters", needs.sequence_filters},
          {"grid_filters", needs.grid_filters},
          {"input", needs.input},
          {"second_model", needs.second_model},
          {"table", needs.table}};
}

}  // namespace

json views_json() {
  json out = json::array();
  for (const View& view : views()) {
    Schema schema;
    view.parameters()->visit(schema);
    out.push_back({{"id", view.id},
                   {"title", view.title},
                   {"group", view.group},
                   {"summary", view.summary},
                   {"needs", needs_json(view.needs)},
                   {"parameters", std::move(schema.out)}});
  }
  return out;
}

}  // namespace hyena::inspect
