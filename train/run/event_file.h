#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "train/run/append_file.h"

namespace hyena::train {

/// CRC-32C (Castagnoli, RFC 3720) of `data`.
std::uint32_t crc32c(const void* data, std::size_t bytes);

/// A TensorBoard event file: TFRecord frames (length, masked CRC-32C, payload, masked CRC-32C),
/// each with one Event message in protobuf's wire format. Scalars only.
class EventFile {
 public:
  using Clock = double (*)();  ///< seconds since 1970

  /// Begins a new file events.out.tfevents.SECONDS.HOST.PID in `folder`. For a run that goes on
  /// after `step` > 0 updates, TensorBoard is told to forget what older files say beyond it.
  /// `clock` stands in for the system's in tests.
  EventFile(const std::filesystem::path& folder, std::int64_t step, Clock clock = nullptr);

  /// Records tag → value pairs at `step`, in one event.
  void add(std::int64_t step, const std::vector<std::pair<std::string, double>>& scalars);

  const std::filesystem::path& path() const { return file_->path(); }

 private:
  void record(const std::string& event);

  Clock clock_;
  std::unique_ptr<AppendFile> file_;
};

}  // namespace hyena::train
