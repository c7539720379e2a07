#include "backbone/weights/weight_folder.h"

#include <array>
#include <set>

#include "backbone/mapped_file.h"
#include "backbone/weights/open_weights.h"

namespace hyena::backbone {
namespace {

namespace fs = std::filesystem;

struct Layout {
  const char* file;
  bool index;  ///< of shards
};
/// The first one that is there is taken.
constexpr std::array<Layout, 5> kLayouts{{{"model.safetensors", false},
                                          {"model.safetensors.index.json", true},
                                          {"pytorch_model.bin", false},
                                          {"pytorch_model.bin.index.json", true},
                                          {"weights.ckpt", false}}};

constexpr std::size_t kMaxShards = 4096;

[[noreturn]] void fail(const std::string& file, const std::string& reason) {
  throw WeightFolderError(file + ": " + reason);
}

/// A file name from a file as it may stand in a message.
std::string shown(const std::string& text) {
  std::string out = "'";
  for (const char c : text.substr(0, 80)) out += static_cast<unsigned char>(c) < 32 ? '?' : c;
  return out + (text.size() > 80 ? "...'" : "'");
}

bool is_plain_name(const std::string& name) {
  return !name.empty() && name != "." && name != ".." && name.size() <= 255 &&
         name.find_first_of(std::string_view("/\\\0:", 4)) == name.npos;
}

}  // namespace

std::map<std::string, std::string> parse_shard_index(std::string_view text,
                                                     const std::string& file) {
  const nlohmann::json index = parse_json_object(text, file);
  const auto map = index.find("weight_map");
  if (map == index.end() || !map->is_object() || map->empty()) {
    fail(file, "there is no 'weight_map' of tensors to files");
  }
  std::map<std::string, std::string> out;
  std::set<std::string> files;
  for (const auto& [tensor, value] : map->items()) {
    if (!value.is_string()) {
      fail(file, "the file of tensor " + shown(tensor) + " is " + value.type_name() +
                     "; a name is needed");
    }
    const auto name = value.get<std::string>();
    if (!is_plain_name(name)) {
      fail(file,
           "tensor " + shown(tensor) + " is said to be in " + shown(name) +
               "; shards must lie in the same folder, so names of files are needed, no paths");
    }
    files.insert(name);
    if (files.size() > kMaxShards) fail(file, "more than 4096 shards");
    out.emplace(tensor, name);
  }
  return out;
}

void WeightFolder::open_shards(const fs::path& index) {
  const MappedFile file = MappedFile::open<WeightFolderError>(index);
  const auto map = parse_shard_index(file.bytes(), index.string());
  std::map<std::string, std::size_t> opened;
  std::string missing;
  std::size_t absent = 0;
  for (const auto& [tensor, name] : map) {
    if (!opened.emplace(name, opened.size()).second) continue;
    if (fs::exists(index.parent_path() / name)) continue;
    if (++absent <= 3) missing += (missing.empty() ? "" : ", ") + name;
  }
  if (absent > 0) {
    fail(index.string(), std::to_string(absent) + " of " + std::to_string(opened.size()) +
                             " shards are not in the folder: " + missing +
                             (absent > 3 ? ", ..." : "") + "; download the rest of the model");
  }
  shards_.resize(opened.size());
  for (const auto& [name, place] : opened) {
    shards_[place] = open_weight_file(index.parent_path() / name);
  }
  for (const auto& [tensor, name] : map) {
    const std::size_t shard = opened.at(name);
    const TensorEntry* entry = shards_[shard]->find(tensor);
    if (entry == nullptr) {
      fail(index.string(), "tensor " + shown(tensor) + " is said to be in " + shown(name) +
                               ", which does not hold it");
    }
    tensors_.push_back(*entry);
    shard_of_.push_back(shard);
  }
  for (const auto& shard : shards_) {
    for (const TensorEntry& entry : shard->tensors()) {
      if (!map.contains(entry.name)) left_out_.push_back(entry.name + ": not in the index");
    }
  }
}

WeightFolder::WeightFolder(const fs::path& path) : WeightSource(path, "") {
  const Layout* found = nullptr;
  std::string names;
  for (const Layout& layout : kLayouts) {
    names += (names.empty() ? "" : ", ") + std::string(layout.file);
    if (found == nullptr && fs::exists(path / layout.file)) found = &layout;
  }
  if (found == nullptr) fail(name(), "there are no weights in this folder; looked for " + names);
  if (found->index) {
    open_shards(path / found->file);
  } else {
    shards_.push_back(open_weight_file(path / found->file));
    tensors_ = shards_.front()->tensors();
    shard_of_.assign(tensors_.size(), 0);
    metadata_ = shards_.front()->metadata();
  }
  format_ = "folder of " + shards_.front()->format();
  for (const auto& shard : shards_) {
    size_ += shard->size();
    files_.insert(files_.end(), shard->files().begin(), shard->files().end());
    left_out_.insert(left_out_.end(), shard->left_out().begin(), shard->left_out().end());
  }
  config_ = shards_.front()->config();
  if (const fs::path config = path / "config.json"; fs::exists(config)) {
    const MappedFile file = MappedFile::open<WeightFolderError>(config);
    config_ = parse_json_object(file.bytes(), config.string()).dump();
  }
  make_index();
}

void WeightFolder::read(const TensorEntry& entry, std::span<std::byte> out) const {
  const auto index = static_cast<std::size_t>(find(entry.name) - tensors_.data());
  shards_[shard_of_[index]]->read(entry, out);
}

}  // namespace hyena::backbone
