// The two containers: a zip archive with one file a storage, and, before torch 1.6, five pickles
// with the storages behind them.
#include <cstring>
#include <map>
#include <utility>

#include "backbone/pickle/torch_error.h"
#include "backbone/pickle/torch_file.h"
#include "backbone/pickle/unpickler.h"

namespace hyena::backbone {
namespace {

std::uint64_t bytes_of(const PickledStorage& storage) {
  return storage.count * (static_cast<std::uint64_t>(dtype_bits(storage.dtype)) / 8);
}

std::string storage_text(const PickledStorage& storage) {
  return "storage " + shown_bytes(storage.key) + " of " + std::to_string(storage.count) + " " +
         (storage.untyped ? "bytes" : std::string(dtype_name(storage.dtype)));
}

TorchContents parse_zip(std::string_view bytes, const std::string& file) {
  const auto fail = [&](std::uint64_t at, const std::string& reason) {
    refuse_torch_file(file, at, reason);
  };
  std::map<std::string_view, ZipEntry> entries;
  const ZipEntry* pickle = nullptr;
  for (const ZipEntry& entry : read_zip_directory(bytes, file)) {
    const ZipEntry& kept = entries.emplace(entry.name, entry).first->second;
    const std::size_t slash = entry.name.find('/');
    if (slash == entry.name.npos || entry.name.substr(slash) != "/data.pkl") continue;
    if (pickle != nullptr) {
      fail(entry.at, "the archive holds more than one checkpoint: " + shown_bytes(pickle->name) +
                         " and " + shown_bytes(entry.name));
    }
    pickle = &kept;
  }
  if (pickle == nullptr) {
    fail(0, "this zip archive has no FOLDER/data.pkl: torch.save did not write it");
  }
  const std::string top(pickle->name.substr(0, pickle->name.find('/')));
  const auto entry_of = [&](const std::string& name) -> const ZipEntry* {
    const auto found = entries.find(top + "/" + name);
    return found == entries.end() ? nullptr : &found->second;
  };
  if (const ZipEntry* script = entry_of("constants.pkl")) {
    fail(script->at, "this is a TorchScript archive; save the model's state_dict() instead");
  }
  if (const ZipEntry* order = entry_of("byteorder")) {
    check_crc(bytes, *order, file);
    const std::string_view text = bytes.substr(order->begin, order->size);
    if (text != "little")
      fail(order->begin, "the byte order " + shown_bytes(text) + " is not supported");
  }
  check_crc(bytes, *pickle, file);
  TorchContents out;
  out.tree = unpickle(bytes.substr(pickle->begin, pickle->size), pickle->begin, file);
  if (out.tree.end != pickle->size) {
    fail(pickle->begin + out.tree.end, "bytes after the end of the pickle");
  }
  for (const PickledStorage& storage : out.tree.storages) {
    const ZipEntry* entry = entry_of("data/" + std::string(storage.key));
    if (entry == nullptr) {
      fail(storage.at, storage_text(storage) + " is not in the archive");
    }
    if (entry->size != bytes_of(storage)) {
      fail(storage.at, storage_text(storage) + " needs " + std::to_string(bytes_of(storage)) +
                           " bytes, its entry has " + std::to_string(entry->size));
    }
    out.places.push_back({.begin = entry->begin, .size = entry->size, .entry = *entry});
  }
  return out;
}

/// 0x1950a86a20f9469cfc6c, which opens the files of torch before 1.6, as a pickle holds it.
constexpr std::string_view kMagic = "\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";
constexpr std::int64_t kVersion = 1001;

TorchContents parse_legacy(std::string_view bytes, const std::string& file) {
  const auto fail = [&](std::uint64_t at, const std::string& reason) {
    refuse_torch_file(file, at, reason);
  };
  std::uint64_t at = 0;
  std::uint64_t begin = 0;  // of the pickle read last
  const auto next = [&]() {
    begin = at;
    PickleTree tree = unpickle(bytes.substr(at), at, file);
    at += tree.end;
    return tree;
  };
  const PickleTree magic = next();
  const Value& opening = magic.at(magic.root);
  if (opening.kind != ValueKind::kLong || opening.text != kMagic) {
    fail(0, "this pickle was not written by torch.save: it holds " + value_text(opening));
  }
  const PickleTree version = next();
  const Value& number = version.at(version.root);
  if (number.kind != ValueKind::kInteger || number.integer != kVersion) {
    fail(begin, "version 1001 of the format is needed here");
  }
  const PickleTree system = next();
  const ValueId little = system.find(system.root, "little_endian");
  if (little == kNoValue || system.at(little).kind != ValueKind::kBool) {
    fail(begin, "there is no 'little_endian' in the description of the writer's system");
  }
  if (system.at(little).integer == 0) fail(begin, "files of big-endian machines are not supported");

  TorchContents out;
  out.tree = next();
  const PickleTree keys = next();
  const Value& list = keys.at(keys.root);
  if (list.kind != ValueKind::kList) {
    fail(begin, "the list of storages is needed here, found " + value_text(list));
  }
  std::vector<std::optional<StoragePlace>> places(out.tree.storages.size());
  for (const ValueId id : list.items) {
    const Value& key = keys.at(id);
    if (key.kind != ValueKind::kText) fail(key.at, "the key of a storage is " + value_text(key));
    const auto known = out.tree.storage_of_key.find(key.text);
    if (known == out.tree.storage_of_key.end()) {
      fail(key.at,
           "no tensor asks for storage " + shown_bytes(key.text) + ", so its size is unknown");
    }
    const PickledStorage& storage = out.tree.storages[known->second];
    if (places[known->second]) fail(key.at, "the key " + shown_bytes(key.text) + " appears twice");
    std::uint64_t count = 0;
    if (bytes.size() - at < sizeof count) {
      fail(at, "the file ends before " + storage_text(storage) + "; it is cut short");
    }
    std::memcpy(&count, bytes.data() + at, sizeof count);
    if (count != storage.count) {
      fail(at, storage_text(storage) + " is said to have " + std::to_string(count) + " here");
    }
    at += sizeof count;
    const std::uint64_t size = bytes_of(storage);
    if (bytes.size() - at < size) {
      fail(at, storage_text(storage) + " needs " + std::to_string(size) + " bytes, the file has " +
                   std::to_string(bytes.size() - at) + " more; it is cut short");
    }
    places[known->second] = StoragePlace{.begin = at, .size = size, .entry = {}};
    at += size;
  }
  if (at != bytes.size()) {
    fail(at, std::to_string(bytes.size() - at) + " bytes after the last storage");
  }
  for (std::size_t i = 0; i < places.size(); ++i) {
    const PickledStorage& storage = out.tree.storages[i];
    if (!places[i]) fail(storage.at, storage_text(storage) + " is not in the file");
    out.places.push_back(*places[i]);
  }
  return out;
}

}  // namespace

TorchContents parse_torch_file(std::string_view bytes, const std::string& file) {
  if (bytes.starts_with("PK")) return parse_zip(bytes, file);
  if (bytes.starts_with('\x80')) return parse_legacy(bytes, file);
  refuse_torch_file(
      file, 0,
      bytes.starts_with("version https://git-lfs")
          ? "this is a Git LFS pointer: fetch the file itself with git lfs pull"
          : "this is neither a zip archive nor a pickle, as torch.save writes them; the "
            "file is cut short, or of another format");
}

}  // namespace hyena::backbone
