#include "inspect/views/view.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <stdexcept>
#include <variant>

#include "inspect/figure/figure_json.h"
#include "inspect/figure/limits.h"
#include "inspect/views/filter_choice.h"

namespace hyena::inspect {
namespace {

using backbone::OptionError;
using nlohmann::json;

std::string mixers_text(const ModelFacts& facts) {
  std::set<std::string> kinds;
  for (const auto& layer : facts.layers) kinds.insert(layer.mixer);
  std::string text;
  for (const auto& kind : kinds) text += (text.empty() ? "" : ", ") + kind;
  return text.empty() ? "none" : text;
}

/// What a model of facts lacks; `which` opens the sentence.
std::string missing_in(const ModelFacts& facts, const View& view) {
  const ViewNeeds& needs = view.needs;
  const auto any = [&](auto&& has) {
    return std::any_of(facts.layers.begin(), facts.layers.end(), has);
  };
  const std::string name = facts.name.empty() ? "The model" : facts.name;
  const std::string because = "; its mixers are " + mixers_text(facts) + ".";
  if (facts.vision() ? !needs.vision : !needs.language) {
    return "“" + view.title + "” serves " +
           (facts.vision() ? "language models, and " + name + " classifies pictures."
                           : "picture classifiers, and " + name + " is a language model.");
  }
  if (needs.long_filters && !any([](const LayerFacts& l) { return l.filters > 0; })) {
    return name + " has no long filters" + because;
  }
  if (needs.sequence_filters &&
      !any([](const LayerFacts& l) { return l.filters > 0 && !over_maps(l); })) {
    return name + " has no long filters along a sequence" + because;
  }
  if (needs.grid_filters &&
      !any([](const LayerFacts& l) { return l.filters > 0 && over_maps(l); })) {
    return name + " has no filters over maps" + because;
  }
  return {};
}

/// The fields that are not at their defaults.
json changed(const View& view, const json& parameters) {
  json out = json::object();
  const json defaults = backbone::options_to_json(*view.parameters());
  for (const auto& [name, value] : parameters.items()) {
    if (defaults.at(name) != value) out[name] = value;
  }
  return out;
}

void fill_provenance(Provenance& from, const View& view, const ViewContext& context,
                     const json& parameters) {
  from.program = std::string("hyena ") + HYENA_VERSION;
  from.view = view.id;
  from.parameters = changed(view, parameters);
  if (context.model != nullptr && view.needs.model) {
    const ModelFacts& facts = context.model->facts();
    from.model = facts.file.empty() ? facts.name : facts.file;
    from.model_sha256 = facts.sha256;
    from.dtype = facts.dtype;
    from.device = facts.device;
  }
  // Where a second model is optional, the view says itself whether it looked at it.
  if (context.second != nullptr && view.needs.second_model) {
    const ModelFacts& facts = context.second->facts();
    from.second_model = facts.file.empty() ? facts.name : facts.file;
    from.second_sha256 = facts.sha256;
  }
  if (context.input != nullptr && view.needs.input) {
    from.input = context.input->name();
    from.input_sha256 = context.input->sha256();
  }
  if (view.needs.table) from.input = context.table.substr(context.table.find_last_of('/') + 1);
}

void check_finite(const Array& array, const View& view, const std::string& where) {
  for (std::int64_t i = 0; i < array.size(); ++i) {
    if (!std::isinf(array[i])) continue;
    throw std::runtime_error("view " + view.id + ": an infinite number in " + where +
                             "; the model's weights or activations may have overflowed");
  }
}

void check_finite(const Figure& figure, const View& view) {
  for (const Array& array : figure.arrays) check_finite(array, view, "“" + array.name() + "”");
  for (const Panel& panel : figure.panels) {
    const std::string where = "panel “" + panel.title + "”";
    const auto check_curves = [&](const std::vector<Curve>& curves) {
      for (const Curve& curve : curves) {
        check_finite(curve.x, view, where);
        check_finite(curve.y, view, where);
      }
    };
    const auto check_map = [&](const HeatMap& map) {
      check_finite(map.cells, view, where);
      check_curves(map.overlays);
    };
    if (const auto* lines = std::get_if<Lines>(&panel.content)) check_curves(lines->curves);
    if (const auto* map = std::get_if<HeatMap>(&panel.content)) check_map(*map);
    if (const auto* picture = std::get_if<Picture>(&panel.content)) {
      check_finite(picture->pixels, view, where);
      if (picture->overlaid) check_map(picture->overlay);
    }
    if (const auto* strip = std::get_if<TokenStrip>(&panel.content)) {
      check_finite(strip->values, view, where);
    }
  }
}

}  // namespace

std::string missing(const View& view, const ViewContext& context) {
  const ViewNeeds& needs = view.needs;
  if (needs.table && context.table.empty()) return "Name a CSV file: --table FILE.csv.";
  if (!needs.model) return {};
  if (context.model == nullptr) return "Open a model first: --model FILE.safetensors.";
  const ModelFacts& facts = context.model->facts();
  if (auto sentence = missing_in(facts, view); !sentence.empty()) return sentence;
  if (needs.input) {
    const std::string kind = facts.vision() ? "picture" : "text";
    if (context.input == nullptr) {
      return "“" + view.title + "” shows what happens with an input; give " + facts.name + " a " +
             kind + (facts.vision() ? ": --image FILE." : ": --prompt TEXT.");
    }
    if (context.input->ids().empty() != facts.vision()) {
      return facts.name + " reads a " + kind + ", and the input is not one.";
    }
  }
  if (context.second == nullptr) {
    return needs.second_model ? "Name a second model to compare with." : std::string{};
  }
  return {};
}

Figure draw(const View& view, const ViewContext& context, const json& parameters,
            const Progress& progress) {
  const json given = parameters.is_null() ? json::object() : parameters;
  const auto values = view.parameters();
  backbone::options_from_json(*values, given, "view " + view.id);
  if (const auto sentence = missing(view, context); !sentence.empty()) throw OptionError(sentence);
  Figure figure = view.compute(context, given, progress);
  figure.view = view.id;
  if (figure.title.empty()) figure.title = view.title;
  fill_provenance(figure.provenance, view, context, backbone::options_to_json(*values));
  check_finite(figure, view);
  resolve_limits(figure);
  check_figure(figure);
  return figure;
}

}  // namespace hyena::inspect
