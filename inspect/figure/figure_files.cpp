#include "inspect/figure/figure_files.h"

#include <stdexcept>

#include "backbone/atomic_file.h"
#include "backbone/npy_header.h"
#include "inspect/figure/figure_json.h"

namespace hyena::inspect {

std::string npy_bytes(const Array& array) {
  std::string bytes = backbone::npy_header("<f4", array.shape());
  bytes.append(reinterpret_cast<const char*>(array.data()),
               static_cast<std::size_t>(array.size()) * sizeof(float));
  return bytes;
}

void write_figure_data(const Figure& figure, const std::filesystem::path& file,
                       std::optional<std::size_t> panel) {
  const std::string suffix = file.extension().string();
  if (panel && *panel >= figure.panels.size()) {
    throw std::invalid_argument(file.string() + ": there is no panel " + std::to_string(*panel) +
                                " in a figure of " + std::to_string(figure.panels.size()));
  }
  std::string bytes;
  if (suffix == ".npy") {
    if (figure.arrays.empty()) {
      throw std::invalid_argument(file.string() +
                                  ": this figure has no array for NPY; write .csv or .json");
    }
    bytes = npy_bytes(figure.arrays.front());
  } else if (suffix == ".csv") {
    bytes = csv_text(figure, panel);
  } else if (suffix == ".json") {
    // Texts of a model may be no UTF-8: such bytes become U+FFFD.
    bytes =
        figure_json(figure).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  } else {
    throw std::invalid_argument(file.string() +
                                ": data of figures are written as .npy, .csv or .json, not \"" +
                                suffix + "\"");
  }
  backbone::write_file_atomically(file, bytes);
}

}  // namespace hyena::inspect
