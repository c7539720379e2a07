#include "backbone/models/mixer_choice.h"

#include <algorithm>
#include <utility>

namespace hyena::backbone {
namespace {

using nlohmann::json;

constexpr const char* kMixer = "mixer";
constexpr const char* kOptions = "mixer_options";

/// The kind of mixer of a stage; "" where `options` does not say.
std::string kind_of(const json& options, std::size_t index) {
  const auto found = options.find(kMixer);
  if (found == options.end()) return "";
  if (found->is_string()) return found->get<std::string>();
  if (!found->is_array() || found->empty()) return "";
  const json& entry = (*found)[found->size() == 1 ? 0 : std::min(index, found->size() - 1)];
  return entry.is_string() ? entry.get<std::string>() : "";
}

std::size_t list_size(const json& options, const char* name) {
  const auto found = options.find(name);
  return found != options.end() && found->is_array() ? found->size() : 1;
}

json resolved_mixer(const std::string& kind, const json& given) {
  const auto options = find_mixer(kind).options();
  options_from_json(*options, given, "mixer " + kind);
  return options_to_json(*options);
}

}  // namespace

json family_fields(const json& options) {
  json fields = options;
  if (fields.is_object()) fields.erase(kOptions);
  return fields;
}

json mixer_options(const json& options, std::size_t index, std::size_t stages) {
  const auto found = options.find(kOptions);
  if (found == options.end()) return json::object();
  if (found->is_object()) return *found;
  const bool fits = found->is_array() && (found->size() == 1 || found->size() == stages);
  const json& entry = fits ? (*found)[found->size() == 1 ? 0 : index] : *found;
  if (!entry.is_object()) {
    throw OptionError("mixer_options: expected an object, or a list of " + std::to_string(stages) +
                      " objects, one for each stage; got " + found->dump().substr(0, 80));
  }
  return entry;
}

json merge_family_options(json options, const json& changes) {
  if (!changes.is_object()) {
    throw OptionError("model options: expected an object, got " + changes.dump().substr(0, 80));
  }
  if (!options.is_object()) options = json::object();
  const json before = options;
  for (const auto& [key, value] : changes.items()) {
    if (key != kOptions) options[key] = value;
  }
  const std::size_t stages = std::max({list_size(options, kMixer), list_size(before, kMixer),
                                       list_size(before, kOptions), list_size(changes, kOptions)});
  json merged = json::array();
  for (std::size_t i = 0; i < stages; ++i) {
    const bool kept = kind_of(before, i) == kind_of(options, i);
    json stage = kept ? mixer_options(before, i, stages) : json::object();
    stage.update(mixer_options(changes, i, stages));
    merged.push_back(std::move(stage));
  }
  options[kOptions] = stages == 1 ? merged[0] : merged;
  return options;
}

json fill_defaults(AnyOptions& family, const json& options, std::string_view where) {
  options_from_json(family, family_fields(options), where);
  json filled = options_to_json(family);
  const auto mixer = filled.find(kMixer);
  if (mixer == filled.end()) return filled;
  if (mixer->is_string()) {
    filled[kOptions] = resolved_mixer(kind_of(filled, 0), mixer_options(options));
    return filled;
  }
  json all = json::array();
  // A single kind may stand for stages whose options differ.
  const std::size_t stages = std::max(mixer->size(), list_size(options, kOptions));
  for (std::size_t i = 0; i < stages; ++i) {
    all.push_back(resolved_mixer(kind_of(filled, i), mixer_options(options, i, stages)));
  }
  filled[kOptions] = std::move(all);
  return filled;
}

}  // namespace hyena::backbone
