#include "inspect/exports/plan.h"

#include <algorithm>
#include <fstream>
#include <set>
#include <utility>

#include "backbone/atomic_file.h"
#include "backbone/options.h"
#include "backbone/weights/sha256.h"
#include "inspect/exports/failure.h"

namespace hyena::inspect {
namespace {

namespace fs = std::filesystem;

constexpr const char* kRecord = "exports.json";

std::string checksum(const fs::path& file) {
  std::error_code error;
  if (!fs::is_regular_file(file, error)) return "";
  return backbone::sha256_of_file(file);
}

}  // namespace

ExportPlan plan_exports(const ViewContext& context, const std::vector<std::string>& groups) {
  std::vector<std::string> known;
  for (const View& view : views()) {
    if (std::ranges::find(known, view.group) == known.end()) known.push_back(view.group);
  }
  for (const auto& group : groups) {
    if (std::ranges::find(known, group) != known.end()) continue;
    std::string list;
    for (const auto& one : known) list += (list.empty() ? "" : ", ") + one;
    throw ExportFailure(FailureKind::usage, "unknown group '" + group + "'; known: " + list);
  }
  ExportPlan plan;
  for (const View& view : views()) {
    if (!groups.empty() && std::ranges::find(groups, view.group) == groups.end()) continue;
    if (auto why = missing(view, context); !why.empty()) {
      plan.skipped.push_back({&view, std::move(why)});
    } else {
      plan.views.push_back(&view);
    }
  }
  return plan;
}

std::string export_name(const View& view, const std::string& format) {
  std::string name = view.id;
  std::ranges::replace(name, '/', '-');
  return name + "." + format;
}

ExportRecord::ExportRecord(fs::path folder) : folder_(std::move(folder)) {
  std::ifstream in(folder_ / kRecord);
  if (!in) return;
  const auto json = nlohmann::json::parse(in, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return;
  for (const auto& [name, entry] : json.items()) {
    if (entry.is_object()) files_[name] = entry;
  }
}

bool ExportRecord::finished(const std::string& name, const nlohmann::json& made_of) const {
  const auto found = files_.find(name);
  if (found == files_.end() || made_of.is_null()) return false;
  const auto sum = checksum(folder_ / name);
  return !sum.empty() && found->second.value("sha256", "") == sum &&
         found->second.value("made_of", nlohmann::json()) == made_of;
}

void ExportRecord::add(const std::string& name, const nlohmann::json& made_of) {
  files_[name] = {{"made_of", made_of}, {"sha256", checksum(folder_ / name)}};
  backbone::write_file_atomically(folder_ / kRecord, nlohmann::json(files_).dump(1) + "\n");
}

nlohmann::json made_of(const View& view, const Sources& sources, const std::string& program) {
  nlohmann::json out = {{"program", program}, {"view", view.id}};
  const auto add = [&](const char* key, const std::string& sum) {
    if (sum.empty()) return false;
    out[key] = sum;
    return true;
  };
  if (sources.model) {
    const auto& facts = sources.model->facts();
    out["device"] = facts.device;
    out["dtype"] = facts.dtype;
    if (!add("model", facts.sha256)) return nullptr;
  }
  if (sources.second) {
    const auto& facts = sources.second->facts();
    out["second_is"] = sources.initial ? "initial" : facts.file;
    if (!add("second", facts.sha256)) return nullptr;
  }
  if (sources.input && !add("input", sources.input->sha256())) return nullptr;
  if (!sources.table.empty() && !add("table", checksum(sources.table))) return nullptr;
  return out;
}

}  // namespace hyena::inspect
