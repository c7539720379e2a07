#include "inspect/paint/report_pictures.h"

#include <QByteArray>

#include "inspect/paint/export.h"

namespace hyena::inspect {

std::string picture_address(const Figure& figure, const std::string& theme) {
  // Above this a browser takes longer to paint the shapes than to show their pixels.
  constexpr std::size_t kLargest = 400'000;
  ExportOptions options{.theme = theme, .heading = false};
  std::string kind = "svg+xml";
  std::string bytes = picture_bytes(figure, "svg", options);
  if (bytes.size() > kLargest) {
    kind = "png";
    options.dpi = 192;
    options.width = 2400;
    bytes = picture_bytes(figure, "png", options);
  }
  return "data:image/" + kind + ";base64," +
         QByteArray::fromStdString(bytes).toBase64().toStdString();
}

}  // namespace hyena::inspect
