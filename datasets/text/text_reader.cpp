#include "datasets/text/text_reader.h"

#include <algorithm>
#include <cstring>

#include "datasets/dataset.h"

namespace hyena::datasets {

TextReader::TextReader(const std::filesystem::path& path)
    : name_(path.string()), stream_(open_byte_stream(path)), buffer_(std::size_t{1} << 18U) {}

bool TextReader::at_end() {
  if (begin_ < end_) return false;
  begin_ = 0;
  end_ = stream_->read(buffer_);
  return end_ == 0;
}

bool TextReader::take(std::string& text, std::size_t most) {
  const std::size_t before = text.size();
  while (most > 0 && !at_end()) {
    const std::size_t count = std::min(most, end_ - begin_);
    text.append(buffer_.data() + begin_, count);
    begin_ += count;
    offset_ += count;
    most -= count;
  }
  return text.size() > before;
}

bool TextReader::take_line(std::string& text, std::size_t most) {
  const std::size_t before = text.size();
  while (most > 0 && !at_end()) {
    const std::size_t here = std::min(most, end_ - begin_);
    const char* from = buffer_.data() + begin_;
    const void* newline = std::memchr(from, '\n', here);
    const std::size_t count =
        newline == nullptr ? here
                           : static_cast<std::size_t>(static_cast<const char*>(newline) - from) + 1;
    text.append(from, count);
    begin_ += count;
    offset_ += count;
    most -= count;
    if (newline != nullptr) break;
  }
  return text.size() > before;
}

void TextReader::skip(std::uint64_t bytes) {
  const std::uint64_t to = offset_ + bytes;
  if (offset_ == 0 && bytes > 0 && begin_ == end_ && stream_->seek(bytes - 1)) {
    offset_ = bytes - 1;  // the last byte is read, so that a file that is shorter shows
  }
  while (offset_ < to && !at_end()) {
    const auto count = std::min<std::uint64_t>(to - offset_, end_ - begin_);
    begin_ += count;
    offset_ += count;
  }
  if (offset_ < to) {
    throw ReadError(name_ + ": byte " + std::to_string(offset_) +
                    ": the text ends, but an earlier run read up to " + std::to_string(to) +
                    "; was the file changed?");
  }
}

}  // namespace hyena::datasets
