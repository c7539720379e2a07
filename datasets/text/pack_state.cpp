#include "datasets/text/pack_state.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "datasets/dataset.h"
#include "datasets/tokenizer/bpe_vocabulary.h"
#include "datasets/tokenizer/strict_json.h"

namespace hyena::datasets {
namespace {

using nlohmann::json;

json to_json(const CorpusPosition& p) {
  return {{"file", p.file},
          {"offset", p.offset},
          {"record", p.record},
          {"inside", p.inside},
          {"invalid_utf8", p.invalid_utf8},
          {"broken", p.broken}};
}

void from_json(const json& object, CorpusPosition& p) {
  p = {.file = object.at("file").get<std::uint64_t>(),
       .offset = object.at("offset").get<std::uint64_t>(),
       .record = object.at("record").get<std::uint64_t>(),
       .inside = object.at("inside").get<std::uint64_t>(),
       .invalid_utf8 = object.at("invalid_utf8").get<bool>(),
       .broken = object.at("broken").get<bool>()};
}

json to_json(const CorpusCounts& c) {
  return {{"documents", c.documents},       {"bytes", c.bytes},     {"empty", c.empty},
          {"invalid_utf8", c.invalid_utf8}, {"damaged", c.damaged}, {"cut_words", c.cut_words}};
}

void from_json(const json& object, CorpusCounts& c) {
  c = {.documents = object.at("documents").get<std::uint64_t>(),
       .bytes = object.at("bytes").get<std::uint64_t>(),
       .empty = object.at("empty").get<std::uint64_t>(),
       .invalid_utf8 = object.at("invalid_utf8").get<std::uint64_t>(),
       .damaged = object.at("damaged").get<std::uint64_t>(),
       .cut_words = object.at("cut_words").get<std::uint64_t>()};
}

json to_json(const ShardSeries& s) {
  return {{"finished", s.finished}, {"tokens", s.tokens}, {"writer", s.writer}};
}

void from_json(const json& object, ShardSeries& s) {
  s = {.finished = object.at("finished").get<std::uint64_t>(),
       .tokens = object.at("tokens").get<std::uint64_t>(),
       .writer = object.at("writer").get<std::vector<std::uint64_t>>()};
}

}  // namespace

std::string PackState::text() const {
  const json all = {
      {"packed", packed},      {"position", to_json(position)},     {"counts", to_json(counts)},
      {"main", to_json(main)}, {"validation", to_json(validation)}, {"complete", complete}};
  return all.dump(2) + "\n";
}

bool read_pack_state(const std::filesystem::path& file, PackState& state) {
  if (!std::filesystem::exists(file)) return false;
  const json all = parse_strictly(read_tokenizer_file(file.string()), file.string());
  try {
    for (const auto& [key, value] : state.packed.items()) {
      const json& found = all.at("packed").at(key);
      if (found == value) continue;
      throw ReadError(file.string() + ": the folder holds shards with " + key + " = " +
                      found.dump() + ", now it is " + value.dump() +
                      "; go on with the same, or choose another folder");
    }
    from_json(all.at("position"), state.position);
    from_json(all.at("counts"), state.counts);
    from_json(all.at("main"), state.main);
    from_json(all.at("validation"), state.validation);
    state.complete = all.at("complete").get<bool>();
  } catch (const json::exception& error) {
    throw ReadError(file.string() + " is not what packing writes: " + error.what());
  }
  return true;
}

FolderLock::FolderLock(const std::filesystem::path& folder) {
  descriptor_ = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor_ < 0) {
    throw ReadError(folder.string() + " cannot be opened: " + std::strerror(errno));
  }
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) return;
  ::close(descriptor_);
  throw ReadError(folder.string() + ": another program packs into this folder");
}

FolderLock::~FolderLock() {
  ::close(descriptor_);
}

}  // namespace hyena::datasets
