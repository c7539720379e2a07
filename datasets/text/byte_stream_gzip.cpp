// gzip by zlib, member after member: tools that append to a .gz write several.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <zlib.h>

#include "datasets/dataset.h"
#include "datasets/text/byte_stream.h"

namespace hyena::datasets {
namespace {

constexpr int kGzipOnly = 16 + MAX_WBITS;

class GzipStream final : public ByteStream {
 public:
  GzipStream(std::unique_ptr<ByteStream> packed, std::string name)
      : packed_(std::move(packed)), name_(std::move(name)), buffer_(std::size_t{1} << 16U) {
    if (inflateInit2(&zlib_, kGzipOnly) != Z_OK) throw ReadError(name_ + ": zlib does not begin");
  }
  ~GzipStream() override { inflateEnd(&zlib_); }
  GzipStream(const GzipStream&) = delete;
  GzipStream& operator=(const GzipStream&) = delete;

  std::size_t read(std::span<char> out) override {
    const auto asked = static_cast<uInt>(std::min<std::size_t>(out.size(), 1U << 30U));
    zlib_.next_out = reinterpret_cast<Bytef*>(out.data());
    zlib_.avail_out = asked;
    while (zlib_.avail_out > 0 && refill()) {
      if (between_members_ && !begin_member()) continue;
      const int result = inflate(&zlib_, Z_NO_FLUSH);
      if (result == Z_STREAM_END) {
        between_members_ = true;
        inflateReset(&zlib_);
      } else if (result != Z_OK) {
        fail(zlib_.msg != nullptr ? zlib_.msg : "broken gzip data");
      }
    }
    const std::size_t given = asked - zlib_.avail_out;
    if (given == 0 && asked > 0 && !between_members_) fail("the gzip data ends too early");
    return given;
  }
  std::uint64_t bytes_read() const override { return packed_->bytes_read() - zlib_.avail_in; }

 private:
  [[noreturn]] void fail(const std::string& reason) const {
    throw ReadError(name_ + ": byte " + std::to_string(bytes_read()) + ": " + reason);
  }
  bool refill() {
    if (zlib_.avail_in > 0) return true;
    zlib_.next_in = reinterpret_cast<Bytef*>(buffer_.data());
    zlib_.avail_in = static_cast<uInt>(packed_->read(buffer_));
    return zlib_.avail_in > 0;
  }
  /// Passes over zeros, which fill up what tapes and block devices hold. True at a member's begin.
  bool begin_member() {
    while (zlib_.avail_in > 0 && *zlib_.next_in == 0) {
      ++zlib_.next_in;
      --zlib_.avail_in;
    }
    if (zlib_.avail_in == 0) return false;
    between_members_ = false;
    return true;
  }

  std::unique_ptr<ByteStream> packed_;
  std::string name_;
  std::vector<char> buffer_;
  z_stream zlib_{};
  bool between_members_ = false;
};

}  // namespace

Packing gzip_packing() {
  return {.is_it =
              [](std::span<const char> begin) {
                return begin.size() >= 2 && begin[0] == '\x1F' && begin[1] == '\x8B';
              },
          .unpack = [](std::unique_ptr<ByteStream> packed,
                       std::string name) -> std::unique_ptr<ByteStream> {
            return std::make_unique<GzipStream>(std::move(packed), std::move(name));
          }};
}

}  // namespace hyena::datasets
