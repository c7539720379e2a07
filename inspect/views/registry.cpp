#include "inspect/views/kinds.h"

namespace hyena::inspect {

const std::vector<View>& views() {
  static const std::vector<View> all = {
      filters_view(),
      impulse_view(),
      filter_bank_view(),
      response_view(),
  };
  return all;
}

const View& find_view(const std::string& id) {
  std::vector<std::string> ids;
  for (const View& view : views()) {
    if (view.id == id) return view;
    ids.push_back(view.id);
  }
  const std::string near = backbone::nearest_name(id, ids);
  std::string list;
  for (const auto& known : ids) list += (list.empty() ? "" : ", ") + known;
  throw backbone::OptionError("unknown view '" + id + "'" +
                              (near.empty() ? "" : "; did you mean '" + near + "'?") +
                              " Known: " + list);
}

}  // namespace hyena::inspect
