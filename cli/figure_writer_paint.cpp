#include "cli/figure_writer.h"
#include "inspect/paint/report_pictures.h"

namespace hyena::cli {

std::string why_no_pictures() {
  return "";
}

void write_figure(const inspect::Figure& figure, const std::filesystem::path& file,
                  const inspect::ExportOptions& options) {
  inspect::export_figure(figure, file, options);
}

std::string picture_address(const inspect::Figure& figure, const std::string& theme) {
  return inspect::picture_address(figure, theme);
}

}  // namespace hyena::cli
