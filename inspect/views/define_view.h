#pragma once

#include <memory>
#include <string>
#include <utility>

#include "backbone/options.h"
#include "inspect/views/view.h"

namespace hyena::inspect {

/// A parameter struct behind AnyOptions that owns its values.
template <class Parameters>
class ViewParameters final : public backbone::AnyOptions {
 public:
  void visit(backbone::OptionVisitor& visitor) override { values.visit(visitor); }
  Parameters values;
};

/// Ties a view's description to its parameter struct and its function.
template <class Parameters>
View define_view(View view,
                 Figure (*compute)(const ViewContext&, const Parameters&, const Progress&)) {
  view.parameters = [] { return std::make_unique<ViewParameters<Parameters>>(); };
  view.compute = [compute, where = "view " + view.id](const ViewContext& context,
                                                      const nlohmann::json& parameters,
                                                      const Progress& progress) {
    return compute(context, backbone::options_of<Parameters>(parameters, where), progress);
  };
  return view;
}

}  // namespace hyena::inspect
