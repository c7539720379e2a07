// The header: one strict pass over its JSON, then the arithmetic of shapes and offsets.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <limits>
#include <set>

#include <nlohmann/json.hpp>

#include "backbone/safetensors.h"

namespace hyena::backbone {
namespace {

constexpr std::uint64_t kMaxHeader = 100'000'000;  // the format's own limit
constexpr std::size_t kMaxDimensions = 64;         // of NumPy and of LibTorch

/// Text from a file as it may stand in a message: short, one line, valid UTF-8 as the input was.
std::string shown(std::string_view text) {
  constexpr std::size_t kLongest = 80;
  std::size_t length = std::min(text.size(), kLongest);
  while (length < text.size() && length > 0 && (text[length] & 0xC0) == 0x80) --length;
  std::string out = "'";
  for (const char c : text.substr(0, length)) out += static_cast<unsigned char>(c) < 32 ? '?' : c;
  return out + (length < text.size() ? "…'" : "'");
}

/// Reads characters for the JSON parser and counts them.
class CountingIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  CountingIterator(const char* at, const char** reached) : at_(at), reached_(reached) {}
  reference operator*() const { return *at_; }
  CountingIterator& operator++() {
    ++at_;
    if (reached_ != nullptr) *reached_ = at_;
    return *this;
  }
  bool operator==(const CountingIterator& other) const { return at_ == other.at_; }
  bool operator!=(const CountingIterator& other) const { return at_ != other.at_; }

 private:
  const char* at_;
  const char** reached_;
};

/// Takes the JSON as events, so that duplicate keys and depth are seen, and refuses at the first
/// thing that is not the format. No event builds more than the one tensor it belongs to.
class HeaderReader final : public nlohmann::json::json_sax_t {
 public:
  HeaderReader(std::string_view json, const std::string& file)
      : json_(json), reached_(json.data()), file_(file) {}

  SafetensorsHeader read() {
    const char* end = json_.data() + json_.size();
    nlohmann::json::sax_parse(CountingIterator(json_.data(), &reached_),
                              CountingIterator(end, nullptr), this);
    if (reached_[-1] == '\0') {  // which the parser takes for the end of its input
      fail(position() - 1, "invalid JSON: the text ends before the header does");
    }
    return std::move(header_);
  }

  bool start_object(std::size_t) override {
    switch (place_) {
      case Place::kFile:
        place_ = Place::kRoot;
        return true;
      case Place::kName:
        place_ = Place::kEntry;
        entry_ = TensorEntry{};
        entry_.name = key_;
        seen_ = 0;
        return true;
      case Place::kMetadataValue:
        place_ = Place::kMetadata;
        return true;
      default:
        unexpected("an object");
    }
  }

  bool key(std::string& name) override {
    key_ = std::move(name);
    if (place_ == Place::kRoot) {
      if (!names_.insert(key_).second) refuse("the name " + shown(key_) + " appears twice");
      place_ = key_ == "__metadata__" ? Place::kMetadataValue : Place::kName;
    } else if (place_ == Place::kMetadata) {
      if (header_.metadata.contains(key_)) {
        refuse("the metadata key " + shown(key_) + " appears twice");
      }
      place_ = Place::kText;
    } else {
      field();
    }
    return true;
  }

  bool string(std::string& text) override {
    if (place_ == Place::kText) {
      header_.metadata.emplace(key_, std::move(text));
      place_ = Place::kMetadata;
      return true;
    }
    if (place_ != Place::kDtype) unexpected("a string");
    const auto dtype = dtype_of(text);
    if (!dtype) refuse(of_entry() + "unknown dtype " + shown(text));
    entry_.dtype = *dtype;
    place_ = Place::kEntry;
    return true;
  }

  bool start_array(std::size_t) override {
    if (place_ == Place::kShapeArray) {
      place_ = Place::kShape;
    } else if (place_ == Place::kOffsetsArray) {
      place_ = Place::kOffsets;
      offsets_ = 0;
    } else {
      unexpected("an array");
    }
    return true;
  }

  bool number_unsigned(std::uint64_t value) override {
    in_number_ = true;
    if (place_ == Place::kShape) {
      if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
        refuse(of_entry() + "the dimension " + std::to_string(value) + " is too large");
      }
      if (entry_.shape.size() == kMaxDimensions) {
        refuse(of_entry() + "more than 64 dimensions");
      }
      entry_.shape.push_back(static_cast<std::int64_t>(value));
    } else if (place_ == Place::kOffsets) {
      if (offsets_ == 2) refuse(of_entry() + "more than two data offsets");
      (offsets_ == 0 ? entry_.begin : entry_.end) = value;
      ++offsets_;
    } else {
      unexpected("a number");
    }
    in_number_ = false;
    return true;
  }
  bool number_integer(std::int64_t value) override { return bad_number(std::to_string(value)); }
  bool number_float(double, const std::string& text) override { return bad_number(text); }

  bool end_array() override {
    if (place_ == Place::kOffsets && offsets_ != 2) {
      refuse(of_entry() + "two data offsets are needed, found " + std::to_string(offsets_));
    }
    place_ = Place::kEntry;
    return true;
  }

  bool end_object() override {
    if (place_ == Place::kEntry) {
      for (int i = 0; i < 3; ++i) {
        if ((seen_ & (1 << i)) == 0) refuse(of_entry() + "no field '" + kFields[i] + "'");
      }
      header_.tensors.push_back(std::move(entry_));
    }
    place_ = Place::kRoot;
    return true;
  }

  bool null() override { unexpected("null"); }
  bool boolean(bool) override { unexpected("a boolean"); }
  bool binary(nlohmann::json::binary_t&) override { unexpected("binary data"); }

  bool parse_error(std::size_t at, const std::string&,
                   const nlohmann::json::exception& error) override {
    // Of "[json…] parse error at line 1, column 5: REASON; last read: '…'" the reason; the rest may
    // quote any bytes of the file.
    std::string_view reason = error.what();
    for (const std::string_view before : {"[json", "] ", "column ", ": "}) {
      const auto found = reason.find(before);
      if (found == reason.npos) break;
      reason.remove_prefix(found + before.size());
    }
    reason = reason.substr(0, std::min<std::size_t>(reason.find("; last read"), 200));
    fail(at == 0 ? 0 : at - 1, "invalid JSON: " + std::string(reason));
  }

 private:
  /// What the next event must be.
  enum class Place {
    kFile,           // the outer object
    kRoot,           // a tensor's name, or the end
    kName,           // a tensor's object
    kEntry,          // a field's name, or the end
    kDtype,          // its string
    kShapeArray,     // its array
    kShape,          // a dimension, or the end
    kOffsetsArray,   // its array
    kOffsets,        // an offset, or the end
    kMetadataValue,  // the metadata's object
    kMetadata,       // a metadata key, or the end
    kText,           // a metadata text
  };
  static constexpr std::array<const char*, 3> kFields{"dtype", "shape", "data_offsets"};
  static constexpr std::array<Place, 3> kFieldPlaces{Place::kDtype, Place::kShapeArray,
                                                     Place::kOffsetsArray};

  void field() {
    const auto found = std::ranges::find_if(kFields, [&](auto* name) { return key_ == name; });
    if (found == kFields.end()) refuse(of_entry() + "unknown field " + shown(key_));
    const auto i = found - kFields.begin();
    if ((seen_ & (1 << i)) != 0) refuse(of_entry() + "the field '" + *found + "' appears twice");
    seen_ |= 1 << i;
    place_ = kFieldPlaces[static_cast<std::size_t>(i)];
  }

  bool bad_number(const std::string& text) {
    in_number_ = true;
    if (place_ == Place::kShape || place_ == Place::kOffsets) {
      refuse(of_entry() + (place_ == Place::kShape ? "the dimension " : "the data offset ") +
             shown(text) + " is no whole number from 0 to 2^63 - 1");
    }
    unexpected("a number");
  }

  [[noreturn]] void unexpected(const std::string& found) const {
    std::string what = "the header must be an object";
    if (place_ == Place::kName) {
      what = "the entry of tensor " + shown(key_) + " must be an object";
    } else if (place_ == Place::kDtype) {
      what = of_entry() + "the field 'dtype' must be a string";
    } else if (place_ == Place::kShapeArray || place_ == Place::kOffsetsArray) {
      what = of_entry() + "the field '" + key_ + "' must be an array";
    } else if (place_ == Place::kShape || place_ == Place::kOffsets) {
      what = of_entry() + "the elements of '" + key_ + "' must be whole numbers";
    } else if (place_ == Place::kMetadataValue) {
      what = "the metadata must be an object";
    } else if (place_ == Place::kText) {
      what = "the metadata of key " + shown(key_) + " must be a string";
    }
    refuse(what + ", found " + found);
  }

  std::string of_entry() const { return "tensor " + shown(entry_.name) + ": "; }

  std::uint64_t position() const { return static_cast<std::uint64_t>(reached_ - json_.data()); }

  /// Fails at the last character of the token in hand; a number is known to have ended only when
  /// the character after it was read.
  [[noreturn]] void refuse(const std::string& reason) const {
    const char* at = reached_ - 1;
    if (in_number_) --at;
    fail(static_cast<std::uint64_t>(at - json_.data()), reason);
  }
  [[noreturn]] void fail(std::uint64_t at, const std::string& reason) const {
    throw SafetensorsError(file_ + ": byte " + std::to_string(8 + at) + ": " + reason);
  }

  std::string_view json_;
  const char* reached_;
  const std::string& file_;
  Place place_ = Place::kFile;
  std::string key_;
  std::set<std::string, std::less<>> names_;
  TensorEntry entry_;
  int seen_ = 0;     // bit i: kFields[i]
  int offsets_ = 0;  // how many came
  bool in_number_ = false;
  SafetensorsHeader header_;
};

/// The bytes that an entry's shape asks for; nothing where the number does not fit.
std::optional<std::uint64_t> bytes_of_shape(Dtype dtype, std::span<const std::int64_t> shape) {
  // Zeros are left out of the product: strides multiply the other dimensions even where the tensor
  // is empty.
  std::int64_t bits = dtype_bits(dtype);
  bool empty = false;
  for (const std::int64_t size : shape) {
    empty = empty || size == 0;
    if (size != 0 && __builtin_mul_overflow(bits, size, &bits)) return std::nullopt;
  }
  if (empty) return 0;
  if (bits % 8 != 0) return std::nullopt;
  return static_cast<std::uint64_t>(bits) / 8;
}

/// A few formats that people meet under this suffix.
std::string guess(std::string_view bytes) {
  if (bytes.starts_with("PK\x03\x04")) {
    return "; this is a zip archive, perhaps a PyTorch .pt or .bin file: save its state dict with "
           "safetensors.torch.save_file";
  }
  if (bytes.starts_with("version https://git-lfs")) {
    return "; this is a Git LFS pointer: fetch the file itself with git lfs pull";
  }
  return "; the file is cut short or is not a safetensors file";
}

}  // namespace

SafetensorsHeader parse_safetensors(std::string_view bytes, const std::string& file) {
  const auto fail = [&](std::uint64_t at, const std::string& reason) {
    throw SafetensorsError(file + ": byte " + std::to_string(at) + ": " + reason);
  };
  std::uint64_t length = 0;
  if (bytes.size() < sizeof length) {
    fail(0, "the file has " + std::to_string(bytes.size()) +
                " bytes; a safetensors file has at least 8, the length of its header");
  }
  std::memcpy(&length, bytes.data(), sizeof length);
  const std::uint64_t rest = bytes.size() - sizeof length;
  if (length > kMaxHeader) {
    fail(0, "the header is said to have " + std::to_string(length) +
                " bytes, the format allows 100000000" + guess(bytes));
  }
  if (length > rest) {
    fail(0, "the header is said to have " + std::to_string(length) + " bytes, the file has only " +
                std::to_string(rest) + " more" + guess(bytes));
  }
  if (length == 0 || bytes[8] != '{') fail(8, "the header must start with '{'");

  SafetensorsHeader header = HeaderReader(bytes.substr(8, length), file).read();
  header.data_offset = sizeof length + length;
  const std::uint64_t data_size = rest - length;

  for (const TensorEntry& entry : header.tensors) {
    const std::string of = "tensor " + shown(entry.name) + ": ";
    const std::string claim = shape_text(entry.shape) + " " + std::string(dtype_name(entry.dtype));
    if (entry.begin > entry.end) {
      fail(header.data_offset, of + "the data begins at offset " + std::to_string(entry.begin) +
                                   " and ends before it, at " + std::to_string(entry.end));
    }
    if (entry.end > data_size) {
      fail(header.data_offset, of + "the data ends at offset " + std::to_string(entry.end) +
                                   ", the file has " + std::to_string(data_size) +
                                   " bytes of data; it is cut short or damaged");
    }
    const auto needed = bytes_of_shape(entry.dtype, entry.shape);
    if (!needed) {
      fail(header.data_offset + entry.begin,
           of + "the size of " + claim + " is no whole number of bytes below 2^60");
    }
    if (*needed != entry.end - entry.begin) {
      fail(header.data_offset + entry.begin, of + claim + " needs " + std::to_string(*needed) +
                                                 " bytes, the data offsets give " +
                                                 std::to_string(entry.end - entry.begin));
    }
  }

  std::ranges::stable_sort(header.tensors, [](const TensorEntry& a, const TensorEntry& b) {
    return a.begin != b.begin ? a.begin < b.begin : a.end < b.end;
  });
  std::uint64_t reached = 0;
  for (const TensorEntry& entry : header.tensors) {
    const std::string of = "tensor " + shown(entry.name) + ": ";
    if (entry.begin < reached) {
      fail(header.data_offset + entry.begin,
           of + "the data overlaps that of the tensor before it by " +
               std::to_string(reached - entry.begin) + " bytes");
    }
    if (entry.begin > reached) {
      fail(header.data_offset + reached, std::to_string(entry.begin - reached) +
                                             " bytes before tensor " + shown(entry.name) +
                                             " belong to no tensor");
    }
    reached = entry.end;
  }
  if (reached != data_size) {
    fail(header.data_offset + reached,
         std::to_string(data_size - reached) + " bytes after the last tensor belong to no tensor");
  }
  return header;
}

}  // namespace hyena::backbone
