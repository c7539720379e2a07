#include "train/run/json_log.h"

#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

#include "backbone/atomic_file.h"

namespace hyena::train {

JsonLog::JsonLog(const std::filesystem::path& file, std::int64_t step) {
  if (std::ifstream in(file, std::ios::binary); in) {
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    std::string kept;
    std::int64_t line = 0;
    for (std::size_t begin = 0; begin < text.size();) {
      ++line;
      const std::size_t end = text.find('\n', begin);
      if (end == std::string::npos) break;  // cut short
      const auto entry = nlohmann::json::parse(text.begin() + static_cast<std::ptrdiff_t>(begin),
                                               text.begin() + static_cast<std::ptrdiff_t>(end),
                                               nullptr, /*allow_exceptions=*/false);
      if (!entry.is_object()) {
        throw std::runtime_error(file.string() + ", line " + std::to_string(line) +
                                 ": not a JSON object; move the file away to begin a new one");
      }
      const auto at = entry.find("step");
      const bool later = at != entry.end() && at->is_number() && at->get<double>() > double(step);
      if (!later) kept += text.substr(begin, end + 1 - begin);
      begin = end + 1;
    }
    if (kept != text) backbone::write_file_atomically(file, kept);
  }
  file_ = std::make_unique<AppendFile>(file);
}

void JsonLog::add(const nlohmann::json& entry) {
  // A loss may be NaN; JSON has no such number, and null says as much.
  file_->append(entry.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

}  // namespace hyena::train
