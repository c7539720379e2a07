#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <zlib.h>

/// Makes the files that torch.save makes, and broken ones.
namespace hyena::tests {

template <typename T>
std::string raw(T value) {
  std::string out(sizeof value, '\0');
  std::memcpy(out.data(), &value, sizeof value);
  return out;
}

template <typename T>
std::string raw(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

// Opcodes, as text to be put together.
inline const std::string kProto2 = "\x80\x02";

inline std::string text(std::string_view value) {
  return "X" + raw(static_cast<std::uint32_t>(value.size())) + std::string(value);
}
inline std::string whole(std::int64_t value) {
  return value >= 0 && value < 256 ? "K" + std::string(1, static_cast<char>(value))
                                   : "\x8a\x08" + raw(value);
}
inline std::string global(const std::string& module, const std::string& name) {
  return "c" + module + "\n" + name + "\n";
}
inline std::string tuple(const std::vector<std::string>& items) {
  std::string out = "(";
  for (const std::string& item : items) out += item;
  return out + "t";
}
inline std::string wholes(const std::vector<std::int64_t>& values) {
  std::vector<std::string> items;
  for (const std::int64_t value : values) items.push_back(whole(value));
  return tuple(items);
}
inline std::string dict(const std::vector<std::pair<std::string, std::string>>& items) {
  std::string out = "}(";
  for (const auto& [key, value] : items) out += key + value;
  return out + "u";
}
inline std::string ordered(const std::vector<std::pair<std::string, std::string>>& items) {
  return global("collections", "OrderedDict") + ")R" + dict(items).substr(1);
}
inline std::string storage(const std::string& type, const std::string& key, std::int64_t count) {
  return tuple({text("storage"), global("torch", type), text(key), text("cpu"), whole(count)}) +
         "Q";
}
inline std::string tensor(const std::string& stored, std::int64_t offset,
                          const std::vector<std::int64_t>& shape,
                          const std::vector<std::int64_t>& strides) {
  return global("torch._utils", "_rebuild_tensor_v2") +
         tuple({stored, whole(offset), wholes(shape), wholes(strides), "\x89",
                global("collections", "OrderedDict") + ")R"}) +
         "R";
}

struct ZipFile {
  std::string name;
  std::string contents;
};

/// What a test may get wrong on purpose.
struct ZipFaults {
  std::uint16_t method = 0;
  std::uint32_t crc = 0;         ///< added to the true one
  std::uint32_t local_size = 0;  ///< added, in the header before the contents
  bool descriptor = false;       ///< no fault: sizes behind the contents, as torch writes
  bool zip64 = false;            ///< no fault: the directory's end in 64 bits, as torch writes
  std::size_t same_place = 0;    ///< this entry claims the place of the one before it
};

inline std::string zip(const std::vector<ZipFile>& files, const ZipFaults& faults = {}) {
  using u16 = std::uint16_t;
  using u32 = std::uint32_t;
  using u64 = std::uint64_t;
  std::string out;
  std::string directory;
  std::size_t at = 0;
  for (std::size_t i = 0; i < files.size(); ++i) {
    const auto& [name, contents] = files[i];
    if (i == 0 || faults.same_place != i) at = out.size();
    const u32 crc = faults.crc + static_cast<u32>(::crc32_z(
                                     0, reinterpret_cast<const unsigned char*>(contents.data()),
                                     contents.size()));
    const u16 flags = faults.descriptor ? 0x808 : 0;
    const u32 size = static_cast<u32>(contents.size());
    const u32 before = faults.descriptor ? 0 : size + faults.local_size;
    // The padding that puts the contents at a multiple of 64.
    const std::size_t start = out.size() + 30 + name.size() + 4;
    const std::string padding((64 - start % 64) % 64, 'Z');
    out += "PK\x03\x04" + raw(u16{0}) + raw(flags) + raw(faults.method) + raw(u32{0}) +
           raw(faults.descriptor ? u32{0} : crc) + raw(before) + raw(before) +
           raw(static_cast<u16>(name.size())) + raw(static_cast<u16>(padding.size() + 4)) + name +
           "FB" + raw(static_cast<u16>(padding.size())) + padding + contents;
    if (faults.descriptor) out += "PK\x07\x08" + raw(crc) + raw(size) + raw(size);
    directory += "PK\x01\x02" + raw(u32{0}) + raw(flags) + raw(faults.method) + raw(u32{0}) +
                 raw(crc) + raw(size) + raw(size) + raw(static_cast<u16>(name.size())) +
                 std::string(12, '\0') + raw(static_cast<u32>(at)) + name;
  }
  const u64 begin = out.size();
  const u64 count = files.size();
  out += directory;
  if (faults.zip64) {
    const u64 at64 = out.size();
    out += "PK\x06\x06" + raw(u64{44}) + raw(u32{0}) + raw(u64{0}) + raw(count) + raw(count) +
           raw(u64{directory.size()}) + raw(begin) + "PK\x06\x07" + raw(u32{0}) + raw(at64) +
           raw(u32{1});
  }
  return out + "PK\x05\x06" + raw(u32{0}) + raw(static_cast<u16>(count)) +
         raw(static_cast<u16>(count)) + raw(static_cast<u32>(directory.size())) +
         raw(static_cast<u32>(begin)) + raw(u16{0});
}

/// A checkpoint as torch.save lays it out; `pickle` without protocol and end.
inline std::vector<ZipFile> checkpoint(const std::string& pickle,
                                       const std::vector<ZipFile>& storages) {
  std::vector<ZipFile> files{{"any name/data.pkl", kProto2 + pickle + "."},
                             {"any name/byteorder", "little"}};
  for (const auto& [key, contents] : storages) files.push_back({"any name/data/" + key, contents});
  files.push_back({"any name/version", "3\n"});
  return files;
}

/// The same as torch before 1.6 wrote it. Each storage: key, element count, contents.
struct LegacyStorage {
  std::string key;
  std::int64_t count;
  std::string contents;
};
inline std::string legacy_checkpoint(const std::string& pickle,
                                     const std::vector<LegacyStorage>& storages,
                                     bool little = true) {
  std::string out = kProto2 + "\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";
  out += kProto2 + whole(1001) + ".";
  out += kProto2 + dict({{text("little_endian"), little ? "\x88" : "\x89"}}) + ".";
  out += kProto2 + pickle + "." + kProto2 + "](";
  for (const LegacyStorage& each : storages) out += text(each.key);
  out += "e.";
  for (const LegacyStorage& each : storages) out += raw(each.count) + each.contents;
  return out;
}

}  // namespace hyena::tests
