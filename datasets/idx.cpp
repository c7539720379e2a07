#include "datasets/idx.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <limits>
#include <memory>
#include <stdexcept>

#include <zlib.h>

#include "datasets/dataset.h"

namespace hyena::datasets {
namespace {

/// Deflate cannot expand a byte to more than this (zlib's technical notes: 1032 to 1).
constexpr std::uint64_t kMaxExpansion = 1032;

std::string hex(std::span<const std::uint8_t> bytes) {
  std::string text;
  for (const std::uint8_t byte : bytes) {
    char two[4];
    std::snprintf(two, sizeof two, "%s%02x", text.empty() ? "" : " ", byte);
    text += two;
  }
  return text;
}

/// Bytes handed out in pieces, from memory or from a gzip stream in memory.
class Source {
 public:
  Source(std::span<const std::uint8_t> bytes, const std::string& name)
      : bytes_(bytes), name_(name) {
    packed_ = bytes.size() >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b;
    if (!packed_) return;
    if (bytes.size() > std::numeric_limits<uInt>::max()) {
      throw ReadError(name_ + ": a gzip file of more than 4 GiB is not supported; unpack it first");
    }
    stream_.next_in = const_cast<Bytef*>(bytes.data());  // zlib only reads from it
    stream_.avail_in = static_cast<uInt>(bytes.size());
    if (inflateInit2(&stream_, 15 + 16) != Z_OK) throw std::bad_alloc();
  }
  ~Source() {
    if (packed_) inflateEnd(&stream_);
  }
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;

  bool packed() const { return packed_; }
  /// The most bytes that can come altogether.
  std::uint64_t at_most() const { return packed_ ? bytes_.size() * kMaxExpansion : bytes_.size(); }

  /// Fills `room`, or as much of it as there is; returns how much.
  std::size_t read(std::span<std::uint8_t> room) {
    std::size_t have = 0;
    if (!packed_) {
      have = std::min<std::size_t>(room.size(), bytes_.size() - position_);
      std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(position_), have, room.begin());
    }
    while (packed_ && have < room.size() && !ended_) {
      const auto piece = std::min<std::size_t>(room.size() - have, 1u << 30);
      stream_.next_out = room.data() + have;
      stream_.avail_out = static_cast<uInt>(piece);
      const int status = inflate(&stream_, Z_NO_FLUSH);
      have += piece - stream_.avail_out;
      if (status == Z_STREAM_END) {
        ended_ = true;
      } else if (status == Z_BUF_ERROR ||
                 (status == Z_OK && stream_.avail_in == 0 && stream_.avail_out > 0)) {
        break;  // the compressed bytes ran out
      } else if (status != Z_OK) {
        throw ReadError(name_ + ": damaged gzip stream at byte " +
                        std::to_string(bytes_.size() - stream_.avail_in) + " of the file: " +
                        (stream_.msg != nullptr ? stream_.msg : "no reason given") +
                        "; fetch the file again");
      }
    }
    position_ += have;
    return have;
  }

  /// Checks the end: the gzip trailer (a checksum) and that nothing follows.
  void finish(const std::string& announced) {
    std::uint8_t byte = 0;
    if (read({&byte, 1}) > 0) {
      throw ReadError(name_ + ": bytes left over after the " + announced +
                      " that the header announces");
    }
    if (!packed_) return;
    if (!ended_) {
      throw ReadError(name_ + ": truncated: the gzip stream lacks its end; fetch the file again");
    }
    if (stream_.avail_in > 0) {
      throw ReadError(name_ + ": " + std::to_string(stream_.avail_in) +
                      " bytes left over after the gzip stream");
    }
  }

 private:
  std::span<const std::uint8_t> bytes_;
  const std::string& name_;
  bool packed_ = false;
  bool ended_ = false;
  std::uint64_t position_ = 0;
  z_stream stream_ = {};
};

}  // namespace

IdxArray parse_idx(std::span<const std::uint8_t> bytes, int dimensions, const std::string& name) {
  if (dimensions < 1 || dimensions > 4) {
    throw std::invalid_argument("parse_idx: 1 to 4 dimensions, got " + std::to_string(dimensions));
  }
  Source source(bytes, name);
  std::uint8_t header[4 + 4 * 4] = {};
  const auto header_size = static_cast<std::size_t>(4 + 4 * dimensions);
  const std::size_t have = source.read({header, header_size});
  const std::uint8_t magic[4] = {0, 0, 8, static_cast<std::uint8_t>(dimensions)};
  if (have >= 4 && std::memcmp(header, magic, 4) != 0) {
    throw ReadError(name + ": wrong magic number at byte 0: " + hex({header, 4}) + ", expected " +
                    hex(magic) + " (IDX, unsigned bytes, " + std::to_string(dimensions) +
                    (dimensions == 1 ? " axis)" : " axes)"));
  }
  if (have < header_size) {
    throw ReadError(name + ": truncated: " + std::to_string(have) +
                    " bytes, but the header alone has " + std::to_string(header_size) +
                    "; fetch the file again");
  }

  IdxArray array;
  std::uint64_t count = 1;
  std::string sizes;
  bool overflow = false;
  for (int axis = 0; axis < dimensions; ++axis) {
    const std::uint8_t* at = header + 4 + 4 * axis;
    const std::uint64_t size =
        std::uint64_t{at[0]} << 24 | std::uint64_t{at[1]} << 16 | std::uint64_t{at[2]} << 8 | at[3];
    overflow |= size != 0 && count > std::numeric_limits<std::int64_t>::max() / size;
    count *= size;
    array.shape.push_back(static_cast<std::int64_t>(size));
    sizes += (axis == 0 ? "" : " x ") + std::to_string(size);
  }
  if (overflow) throw ReadError(name + ": sizes in the header overflow: " + sizes);
  const std::string announced = sizes + " bytes";
  if (count > source.at_most()) {
    throw ReadError(name + ": truncated: the header announces " + announced + ", the " +
                    (source.packed() ? "gzip file of " : "file of ") +
                    std::to_string(bytes.size()) + " bytes cannot hold them; fetch the file again");
  }
  // Room grows with what arrives: a small gzip file that announces much gets no memory for it.
  std::uint64_t got = 0;
  while (got < count) {
    const std::uint64_t piece =
        source.packed() ? std::min(count - got, std::max<std::uint64_t>(1u << 20, got)) : count;
    array.values.resize(got + piece);
    const std::uint64_t arrived = source.read(std::span(array.values).subspan(got, piece));
    got += arrived;
    if (arrived < piece) {
      throw ReadError(name + ": truncated: the header announces " + announced + ", but only " +
                      std::to_string(got) + " follow; fetch the file again");
    }
  }
  source.finish(announced);
  return array;
}

}  // namespace hyena::datasets
