#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

#include <nlohmann/json.hpp>

#include "train/run/append_file.h"

namespace hyena::train {

/// One JSON object a line (log.jsonl).
class JsonLog {
 public:
  /// Opens or begins the file for a run that goes on after `step` optimiser updates (0: from the
  /// start). Lines whose "step" is larger are dropped, as is a last line that a crash cut short:
  /// the run will write them again. Throws std::runtime_error that names the file and the line when
  /// another line is no JSON object.
  JsonLog(const std::filesystem::path& file, std::int64_t step);

  /// Appends `entry`, an object.
  void add(const nlohmann::json& entry);

 private:
  std::unique_ptr<AppendFile> file_;
};

}  // namespace hyena::train
