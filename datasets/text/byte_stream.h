#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>

namespace hyena::datasets {

/// The bytes of a file from its begin to its end, unpacked where it is compressed. What is wrong
/// throws ReadError that names the file, the byte on disk and the reason.
class ByteStream {
 public:
  virtual ~ByteStream() = default;
  /// Fills `out` from its begin; returns how many bytes, 0 at the end.
  virtual std::size_t read(std::span<char> out) = 0;
  /// Bytes on disk that were looked at.
  virtual std::uint64_t bytes_read() const = 0;
  /// Goes to a byte without reading what lies before; false where that cannot be done.
  virtual bool seek(std::uint64_t) { return false; }
};

/// A way in which a file is packed, told by its first bytes. To add one: a file of its own, a line
/// in byte_stream.cpp.
struct Packing {
  /// Whether a file that begins so is packed in this way.
  bool (*is_it)(std::span<const char> begin);
  /// Unpacks `packed`, which gives the file from its begin; `name` is for messages.
  std::unique_ptr<ByteStream> (*unpack)(std::unique_ptr<ByteStream> packed, std::string name);
};

/// Opens a file. Names do not count: .gz and .zst are known by their content.
std::unique_ptr<ByteStream> open_byte_stream(const std::filesystem::path& path);

Packing gzip_packing();       ///< also several members one after the other
Packing zstandard_packing();  ///< also several frames, and windows of up to 2 GiB

}  // namespace hyena::datasets
