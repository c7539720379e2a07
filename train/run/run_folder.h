#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace hyena::train {

/// The files of a run, as timm users know them.
class RunFolder {
 public:
  /// Makes the folder, with its parents, where absent, and makes sure that files can be written
  /// there. Throws std::runtime_error that names the folder, the reason and --output.
  explicit RunFolder(std::filesystem::path folder);

  /// A folder that does not exist yet: PARENT/YYYYMMDD-HHMMSS-MODEL-SIZE in local time, with -1,
  /// -2, … behind it where several runs start in one second.
  static RunFolder create(const std::filesystem::path& parent, const std::string& model,
                          std::int64_t image_size);

  const std::filesystem::path& path() const { return folder_; }
  std::filesystem::path args() const { return folder_ / "args.toml"; }
  std::filesystem::path summary() const { return folder_ / "summary.csv"; }
  std::filesystem::path log() const { return folder_ / "log.jsonl"; }
  std::filesystem::path last() const { return folder_ / "last.safetensors"; }
  std::filesystem::path best() const { return folder_ / "best.safetensors"; }

 private:
  std::filesystem::path folder_;
};

}  // namespace hyena::train
