#include <stdexcept>

#include "cli/figure_writer.h"
#include "inspect/figure/figure_files.h"

namespace hyena::cli {

std::string why_no_pictures() {
  return "this hyena was built without Qt, so figures are written as csv, npy and json, not as "
         "pictures; for those install qt6-base-dev and qt6-svg-dev and build it with "
         "-DHYENA_QT=ON";
}

void write_figure(const inspect::Figure& figure, const std::filesystem::path& file,
                  const inspect::ExportOptions& options) {
  inspect::write_figure_data(figure, file, options.panel);
}

std::string picture_address(const inspect::Figure& /*figure*/, const std::string& /*theme*/) {
  throw std::runtime_error(why_no_pictures());
}

}  // namespace hyena::cli
