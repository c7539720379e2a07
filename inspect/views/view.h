#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "backbone/options.h"
#include "inspect/figure/figure.h"
#include "inspect/subject.h"

/// Views: pure functions from a model, an input and parameters to a Figure. The command line, the
/// window and the tests are generated from the registry. To add one: one file with a parameter
/// struct and a compute function, one line in registry.cpp.
namespace hyena::inspect {

/// What has to be there before a view can be drawn.
struct ViewNeeds {
  bool model = true;
  bool vision = true, language = true;  ///< kinds of models it serves
  bool long_filters = false;            ///< a mixer with long convolutions in some layer
  bool sequence_filters = false;        ///< … along a sequence
  bool grid_filters = false;            ///< … of two dimensions
  bool input = false;         ///< a picture for a vision model, a text for a language model
  bool second_model = false;  ///< optional where false
  bool table = false;         ///< a CSV file instead of a model (training curves, benches)
};

struct ViewContext {
  Subject* model = nullptr;
  Subject* second = nullptr;                   ///< null where there is none
  std::shared_ptr<const Stimulus> input = {};  ///< null where there is none
  std::string table = {};                      ///< path of the CSV file
};

/// What a click on a figure chooses; −1: stays as it is.
struct Selection {
  std::int64_t layer = -1, filter = -1, channel = -1, token = -1, label = -1;
};

/// One view. Parameters that choose a part of the model are called `layer`, `filter`, `channel`,
/// `token` (position or patch, from 0) and `label` (class) in every view, so that windows can link
/// them; −1 stands for "all" or "the likeliest" where the help says so.
struct View {
  std::string id;  ///< stable: command line, file names, sessions
  std::string title;
  std::string group;    ///< filters, gates, matrix, evidence, text, training
  std::string summary;  ///< one sentence: which question it answers
  ViewNeeds needs = {};
  /// A fresh set of parameters at their defaults.
  std::function<std::unique_ptr<backbone::AnyOptions>()> parameters = {};
  /// `parameters` holds the fields to change. Throws OptionError for parameters that do not fit the
  /// model, Cancelled, and what the model throws.
  std::function<Figure(const ViewContext& context, const nlohmann::json& parameters,
                       const Progress& progress)>
      compute = {};
  /// What a click at (x, y), in the units of the panel's axes, chooses. Null: nothing.
  std::function<Selection(const Figure& figure, std::size_t panel, double x, double y)> pick = {};
};

const std::vector<View>& views();

/// Throws OptionError that names the nearest one.
const View& find_view(const std::string& id);

/// Why the view cannot be drawn of this, as a sentence; empty: it can.
std::string missing(const View& view, const ViewContext& context);

/// Computes it with the provenance filled in and limits resolved. Throws OptionError with
/// missing()'s sentence, and what compute throws.
Figure draw(const View& view, const ViewContext& context, const nlohmann::json& parameters,
            const Progress& progress = {});

/// id, title, group, needs and parameters (type, default, range, unit, choices, help) of all views.
nlohmann::json views_json();

}  // namespace hyena::inspect
