#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "backbone/mixer.h"

/// How a family's options in JSON name its mixers and their settings:
///   {"depth": 12, …, "mixer": "hyena2d", "mixer_options": {"order": 3}}
/// A family with stages takes lists of one entry, or one for each stage:
///   {…, "mixer": ["hyena2d", "attention"], "mixer_options": [{"order": 3}, {}]}
/// where one object in place of the list stands for all stages. "mixer" is a field of the family's
/// options struct; "mixer_options" is not, since its fields depend on the mixer.
namespace hyena::backbone {

/// `options` without "mixer_options": the fields of the family's struct.
nlohmann::json family_fields(const nlohmann::json& options);

/// The options of the mixer of stage `index` out of `stages`. Throws OptionError when
/// "mixer_options" is neither an object nor a list of objects, one for each stage.
nlohmann::json mixer_options(const nlohmann::json& options, std::size_t index = 0,
                             std::size_t stages = 1);

/// `options` with `changes` on top. Options of a mixer that `changes` replaces by another kind are
/// dropped; of a mixer that stays, they are changed one by one.
nlohmann::json merge_family_options(nlohmann::json options, const nlohmann::json& changes);

/// Every field of the family and of its mixers, defaults filled in. `family` is a fresh set of the
/// family's options. Throws OptionError for unknown names, wrong types and values out of range.
nlohmann::json fill_defaults(AnyOptions& family, const nlohmann::json& options,
                             std::string_view where);

}  // namespace hyena::backbone
