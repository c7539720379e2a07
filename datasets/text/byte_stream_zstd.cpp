// Zstandard. The shards of The Pile are single frames of gigabytes, written with long windows.
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include <zstd.h>

#include "datasets/dataset.h"
#include "datasets/text/byte_stream.h"

namespace hyena::datasets {
namespace {

constexpr int kLargestWindow = 31;  // log2 of bytes; zstd alone goes to 27

class ZstandardStream final : public ByteStream {
 public:
  ZstandardStream(std::unique_ptr<ByteStream> packed, std::string name)
      : packed_(std::move(packed)), name_(std::move(name)), buffer_(ZSTD_DStreamInSize()) {
    if (ZSTD_isError(ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, kLargestWindow))) {
      throw ReadError(name_ + ": zstd does not begin");
    }
  }

  std::size_t read(std::span<char> out) override {
    ZSTD_outBuffer given{out.data(), out.size(), 0};
    while (given.pos < given.size) {
      if (input_.pos == input_.size) {
        input_ = {buffer_.data(), packed_->read(buffer_), 0};
        if (input_.size == 0 && frame_ended_) break;
      }
      const std::size_t before = given.pos;
      const std::size_t left = ZSTD_decompressStream(context_.get(), &given, &input_);
      if (ZSTD_isError(left)) fail(ZSTD_getErrorName(left));
      frame_ended_ = left == 0;
      if (input_.size == 0 && given.pos == before) fail("the zstd data ends too early");
    }
    return given.pos;
  }
  std::uint64_t bytes_read() const override {
    return packed_->bytes_read() - (input_.size - input_.pos);
  }

 private:
  struct Free {
    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
  };
  [[noreturn]] void fail(const std::string& reason) const {
    throw ReadError(name_ + ": byte " + std::to_string(bytes_read()) + ": " + reason);
  }

  std::unique_ptr<ByteStream> packed_;
  std::string name_;
  std::vector<char> buffer_;
  std::unique_ptr<ZSTD_DCtx, Free> context_{ZSTD_createDCtx()};
  ZSTD_inBuffer input_{nullptr, 0, 0};
  bool frame_ended_ = false;
};

}  // namespace

Packing zstandard_packing() {
  return {.is_it =
              [](std::span<const char> begin) {
                // A frame, or one of the 16 kinds that are skipped.
                return begin.size() >= 4 &&
                       (std::memcmp(begin.data(), "\x28\xB5\x2F\xFD", 4) == 0 ||
                        ((static_cast<unsigned char>(begin[0]) & 0xF0U) == 0x50 &&
                         std::memcmp(begin.data() + 1, "\x2A\x4D\x18", 3) == 0));
              },
          .unpack = [](std::unique_ptr<ByteStream> packed,
                       std::string name) -> std::unique_ptr<ByteStream> {
            return std::make_unique<ZstandardStream>(std::move(packed), std::move(name));
          }};
}

}  // namespace hyena::datasets
