#include "backbone/pickle/zip_directory.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <set>

#include <zlib.h>

#include "backbone/pickle/torch_error.h"

namespace hyena::backbone {
namespace {

// Lengths of the fixed parts, by the format's description (APPNOTE 6.3).
constexpr std::uint64_t kLocal = 30;
constexpr std::uint64_t kCentral = 46;
constexpr std::uint64_t kEnd = 22;
constexpr std::uint64_t kEnd64 = 56;
constexpr std::uint64_t kLocator = 20;
constexpr std::uint64_t kMaxComment = 65535;
constexpr std::uint32_t kIn64 = 0xFFFFFFFF;  // the true number is in the ZIP64 part
constexpr unsigned kEncrypted = 1;
constexpr unsigned kDescriptor = 8;  // sizes and CRC follow the contents
constexpr unsigned kUtf8Names = 0x800;

class Directory {
 public:
  Directory(std::string_view bytes, const std::string& file) : bytes_(bytes), file_(file) {}

  std::vector<ZipEntry> read() {
    find_end();
    std::vector<ZipEntry> entries;
    std::uint64_t at = begin_;
    // Not reserved by count_, which the file only claims.
    for (std::uint64_t i = 0; i < count_; ++i) entries.push_back(read_entry(at));
    if (at != end_) fail(at, "the zip directory has more bytes than entries");

    std::ranges::sort(entries, {}, &ZipEntry::at);
    std::uint64_t reached = 0;
    for (ZipEntry& entry : entries) {
      if (entry.at < reached) {
        fail(entry.at, "entry " + shown_bytes(entry.name) + " overlaps the entry before it");
      }
      reached = check_local(entry);
    }
    std::set<std::string_view> names;
    for (const ZipEntry& entry : entries) {
      if (!names.insert(entry.name).second) {
        fail(entry.at, "the entry name " + shown_bytes(entry.name) + " appears twice");
      }
    }
    return entries;
  }

 private:
  template <typename T>
  T get(std::uint64_t at) const {
    T value{};
    if (at > bytes_.size() || bytes_.size() - at < sizeof value) {
      fail(at, "the zip archive ends here; it is cut short or damaged");
    }
    std::memcpy(&value, bytes_.data() + at, sizeof value);
    return value;
  }
  void signature(std::uint64_t at, std::string_view wanted, const char* what) const {
    if (at > bytes_.size() || bytes_.substr(at, wanted.size()) != wanted) {
      fail(at, std::string("there is no ") + what + " where it should be");
    }
  }

  void find_end() {
    if (bytes_.size() < kEnd) fail(0, "a zip archive has at least 22 bytes");
    const std::uint64_t last = bytes_.size() - kEnd;
    const std::uint64_t first = last > kMaxComment ? last - kMaxComment : 0;
    std::uint64_t at = last;
    while (bytes_.substr(at, 4) != "PK\x05\x06" || get<std::uint16_t>(at + 20) != last - at) {
      if (at-- == first) {
        fail(0, "this zip archive has no directory at its end; the file is cut short");
      }
    }
    if (get<std::uint16_t>(at + 4) != 0 || get<std::uint16_t>(at + 6) != 0) {
      fail(at, "zip archives of several parts are not supported");
    }
    std::uint64_t here = get<std::uint16_t>(at + 8);
    count_ = get<std::uint16_t>(at + 10);
    std::uint64_t size = get<std::uint32_t>(at + 12);
    begin_ = get<std::uint32_t>(at + 16);
    end_ = at;
    if (at >= kLocator + kEnd64 && bytes_.substr(at - kLocator, 4) == "PK\x06\x07") {
      const std::uint64_t locator = at - kLocator;
      const auto at64 = get<std::uint64_t>(locator + 8);
      if (get<std::uint32_t>(locator + 4) != 0 || get<std::uint32_t>(locator + 16) > 1) {
        fail(locator, "zip archives of several parts are not supported");
      }
      if (at64 > locator - kEnd64) fail(locator, "the ZIP64 end of the directory lies outside");
      signature(at64, "PK\x06\x06", "ZIP64 end of the directory");
      if (get<std::uint64_t>(at64 + 4) != locator - at64 - 12) {
        fail(at64, "the ZIP64 end of the directory does not end at its locator");
      }
      here = get<std::uint64_t>(at64 + 24);
      count_ = get<std::uint64_t>(at64 + 32);
      size = get<std::uint64_t>(at64 + 40);
      begin_ = get<std::uint64_t>(at64 + 48);
      end_ = at64;
    }
    if (here != count_) fail(at, "zip archives of several parts are not supported");
    if (begin_ > end_ || size != end_ - begin_) {
      fail(at, "the zip directory is said to be " + std::to_string(size) + " bytes at " +
                   std::to_string(begin_) + ", that is not where it ends");
    }
    if (count_ > size / kCentral) {
      fail(at, "the zip directory is said to have " + std::to_string(count_) +
                   " entries, too many for its " + std::to_string(size) + " bytes");
    }
  }

  /// One entry of the directory; `at` moves to the next one.
  ZipEntry read_entry(std::uint64_t& at) const {
    signature(at, std::string_view("PK\x01\x02", 4), "entry of the zip directory");
    const unsigned flags = get<std::uint16_t>(at + 8);
    const unsigned method = get<std::uint16_t>(at + 10);
    ZipEntry entry;
    entry.crc = get<std::uint32_t>(at + 16);
    std::uint64_t packed = get<std::uint32_t>(at + 20);
    entry.size = get<std::uint32_t>(at + 24);
    const std::uint64_t name = get<std::uint16_t>(at + 28);
    const std::uint64_t extra = get<std::uint16_t>(at + 30);
    const std::uint64_t comment = get<std::uint16_t>(at + 32);
    entry.at = get<std::uint32_t>(at + 42);
    const std::uint64_t length = kCentral + name + extra + comment;
    if (at > end_ || length > end_ - at) fail(at, "an entry leaves the zip directory");
    entry.name = bytes_.substr(at + kCentral, name);
    read_extra64(at + kCentral + name, extra, {&entry.size, &packed, &entry.at});

    const std::string of = "entry " + shown_bytes(entry.name);
    if (name == 0) fail(at, "an entry without a name");
    if ((flags & kEncrypted) != 0) fail(at, of + " is encrypted");
    if ((flags & ~(kDescriptor | kUtf8Names)) != 0) {
      fail(at, of + " has flags that are not supported, " + std::to_string(flags));
    }
    if (method != 0) {
      fail(at, of + " is compressed, by method " + std::to_string(method) +
                   "; torch.save stores entries as they are");
    }
    if (packed != entry.size) fail(at, of + " is stored, but its two sizes differ");
    if (get<std::uint16_t>(at + 34) != 0) {
      fail(at, "zip archives of several parts are not supported");
    }
    at += length;
    return entry;
  }

  /// Replaces those of `numbers` that say so by the ones of the ZIP64 field, which come in order.
  void read_extra64(std::uint64_t at, std::uint64_t length,
                    std::initializer_list<std::uint64_t*> numbers) const {
    const std::uint64_t end = at + length;
    while (end - at >= 4) {
      const auto kind = get<std::uint16_t>(at);
      const std::uint64_t size = get<std::uint16_t>(at + 2);
      at += 4;
      if (size > end - at) {
        // The padding of some writers is no field; but then there is no ZIP64 field behind it.
        break;
      }
      if (kind == 1) {
        std::uint64_t next = at;
        for (std::uint64_t* number : numbers) {
          if (*number != kIn64) continue;
          if (next + 8 > at + size) fail(at, "a ZIP64 field is too short");
          *number = get<std::uint64_t>(next);
          next += 8;
        }
        return;
      }
      at += size;
    }
    for (const std::uint64_t* number : numbers) {
      if (*number == kIn64) fail(end, "a number of 64 bits is missing");
    }
  }

  /// Compares the header before the contents with the directory, and sets where the contents begin.
  /// Returns the end of the entry.
  std::uint64_t check_local(ZipEntry& entry) const {
    const std::uint64_t at = entry.at;
    const std::string of = "entry " + shown_bytes(entry.name);
    if (at > begin_ || begin_ - at < kLocal) fail(at, of + " begins outside the contents");
    signature(at, std::string_view("PK\x03\x04", 4), "header of a zip entry");
    const unsigned flags = get<std::uint16_t>(at + 6);
    const auto crc = get<std::uint32_t>(at + 14);
    std::uint64_t packed = get<std::uint32_t>(at + 18);
    std::uint64_t size = get<std::uint32_t>(at + 22);
    const std::uint64_t name = get<std::uint16_t>(at + 26);
    const std::uint64_t extra = get<std::uint16_t>(at + 28);
    entry.begin = at + kLocal + name + extra;
    if (entry.begin > begin_ || entry.size > begin_ - entry.begin) {
      fail(at, of + " of " + std::to_string(entry.size) + " bytes runs into the zip directory");
    }
    if (bytes_.substr(at + kLocal, name) != entry.name) {
      fail(at, of + " has another name in its own header");
    }
    if (get<std::uint16_t>(at + 8) != 0 || (flags & ~(kDescriptor | kUtf8Names)) != 0) {
      fail(at, of + " is encrypted or compressed by its own header");
    }
    read_extra64(at + kLocal + name, extra, {&size, &packed});
    std::uint64_t end = entry.begin + entry.size;
    const bool later = (flags & kDescriptor) != 0;
    const bool zero = later && crc == 0 && size == 0 && packed == 0;
    if (!zero && (size != entry.size || packed != entry.size || crc != entry.crc)) {
      fail(at, of + " has another size or CRC in its own header");
    }
    if (later) end = check_descriptor(entry, end);
    return end;
  }

  /// The sizes behind the contents, of 32 or of 64 bits.
  std::uint64_t check_descriptor(const ZipEntry& entry, std::uint64_t at) const {
    signature(at, "PK\x07\x08", "data descriptor of a zip entry");
    const bool narrow = entry.size < kIn64 && get<std::uint32_t>(at + 8) == entry.size &&
                        get<std::uint32_t>(at + 12) == entry.size;
    const std::uint64_t end = at + (narrow ? 16 : 24);
    if (get<std::uint32_t>(at + 4) != entry.crc || end > begin_ ||
        (!narrow &&
         (get<std::uint64_t>(at + 8) != entry.size || get<std::uint64_t>(at + 16) != entry.size))) {
      fail(at, "entry " + shown_bytes(entry.name) + " has another size or CRC behind its contents");
    }
    return end;
  }

  [[noreturn]] void fail(std::uint64_t at, const std::string& reason) const {
    refuse_torch_file(file_, at, reason);
  }

  std::string_view bytes_;
  const std::string& file_;
  std::uint64_t begin_ = 0;  // of the directory
  std::uint64_t end_ = 0;
  std::uint64_t count_ = 0;
};

}  // namespace

std::vector<ZipEntry> read_zip_directory(std::string_view bytes, const std::string& file) {
  return Directory(bytes, file).read();
}

void check_crc(std::string_view bytes, const ZipEntry& entry, const std::string& file) {
  const std::string_view contents = bytes.substr(entry.begin, entry.size);
  const auto crc =
      ::crc32_z(0, reinterpret_cast<const unsigned char*>(contents.data()), contents.size());
  if (crc != entry.crc) {
    refuse_torch_file(
        file, entry.begin,
        "entry " + shown_bytes(entry.name) + " does not have its CRC; the file is damaged");
  }
}

}  // namespace hyena::backbone
