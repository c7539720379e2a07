#include "backbone/convert.h"

#include "backbone/hub_export.h"
#include "backbone/options.h"
#include "backbone/weights/open_weights.h"
#include "backbone/weights/sha256.h"

namespace hyena::backbone {

namespace fs = std::filesystem;
using nlohmann::json;

std::string Conversion::text() const {
  std::string out =
      "model: " + description.config.name +
      (description.recorded ? " (as recorded in the file)" : " (inferred from keys and shapes)") +
      "\nread as: " + format + "\n";
  for (const auto& [file, hash] : sha256) out += "sha256: " + hash + "  " + file + "\n";
  out += report.text();
  for (const auto& [key, name] : report.mapped) {
    if (key != name) out += "  " + key + " -> " + name + "\n";
  }
  if (!description.assumed.empty()) {
    out += "assumed, since the file does not say (change with --set):\n";
    for (const std::string& line : description.assumed) out += "  " + line + "\n";
  }
  return out;
}

Conversion convert_model(const fs::path& from, const fs::path& to, const ConvertOptions& options) {
  Conversion out;
  {
    const auto source = open_weights(from);
    out.format = source->format();
    for (const fs::path& file : source->files()) {
      std::error_code error;
      if (!to.empty() && fs::equivalent(file, to, error)) {
        throw OptionError(to.string() + " is what is read; name another file to write");
      }
      const fs::path hub = options.hub_folder / "model.safetensors";
      if (!options.hub_folder.empty() && fs::equivalent(file, hub, error)) {
        throw OptionError(hub.string() + " is what is read; name another folder to write");
      }
      out.sha256[file.string()] = sha256_of_file(file);
    }
  }
  const auto loaded = load_model(from, options.overrides);
  out.description = loaded.description;
  out.report = loaded.report;
  ModelNotes& notes = out.description.notes;
  json files = json::array();
  for (const auto& [file, hash] : out.sha256) {
    files.push_back({{"file", fs::path(file).filename().string()}, {"sha256", hash}});
  }
  if (!notes.training.is_object()) notes.training = json::object();
  notes.training["converted_from"] = files;
  if (!to.empty()) {
    save_model(to, *loaded.model, out.description.config, notes, options.weights);
  }
  if (!options.hub_folder.empty()) {
    write_hub_folder(options.hub_folder, *loaded.model, out.description.config, notes,
                     options.hub_part);
  }
  return out;
}

}  // namespace hyena::backbone
