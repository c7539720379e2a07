#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "datasets/text/byte_stream.h"

namespace hyena::datasets {

/// Lines and stretches of a text file that may be compressed. Errors as ByteStream.
class TextReader {
 public:
  explicit TextReader(const std::filesystem::path& path);

  /// Bytes of the text that were taken.
  std::uint64_t offset() const { return offset_; }
  /// Bytes on disk that were looked at.
  std::uint64_t bytes_read() const { return stream_->bytes_read(); }
  const std::string& name() const { return name_; }

  /// Looks ahead: whether nothing is left.
  bool at_end();
  /// Appends up to `most` bytes; false where nothing was left.
  bool take(std::string& text, std::size_t most);
  /// Appends the rest of the line with its newline, if it has one, but stops after `most` bytes;
  /// false where nothing was left.
  bool take_line(std::string& text, std::size_t most);
  /// Passes over bytes. Throws ReadError where fewer are left.
  void skip(std::uint64_t bytes);

 private:
  std::string name_;
  std::unique_ptr<ByteStream> stream_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;  // of what was not taken yet, in buffer_
  std::size_t end_ = 0;
  std::uint64_t offset_ = 0;
};

}  // namespace hyena::datasets
