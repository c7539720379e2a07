#include "train/recorded_tokenizer.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <system_error>
#include <utility>

#include <stdlib.h>

#include "backbone/atomic_file.h"
#include "backbone/checkpoint.h"
#include "backbone/weights/open_weights.h"
#include "datasets/dataset.h"
#include "datasets/tokenizer/kinds.h"

namespace hyena::train {
namespace {

namespace fs = std::filesystem;
using datasets::ReadError;
using nlohmann::json;

std::string read_all(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw ReadError(path.string() + ": cannot be opened");
  return {std::istreambuf_iterator<char>(in), {}};
}

/// The files that a tokenizer of that kind was read from, by their names.
json files_of(const std::string& kind, const fs::path& path, const datasets::Tokenizer& tokenizer) {
  json files = json::object();
  if (kind == "characters") {  // the list of a text's characters gives the same tokenizer
    std::string characters;
    for (std::size_t id = 0; id < tokenizer.vocabulary_size(); ++id) {
      characters += tokenizer.bytes(static_cast<datasets::TokenId>(id));
    }
    files["characters.txt"] = std::move(characters);
  } else if (fs::is_regular_file(path)) {
    files[path.filename().string()] = read_all(path);
  } else if (fs::is_directory(path)) {
    for (const char* name : {"encoder.json", "vocab.bpe", "vocab.json", "merges.txt"}) {
      if (fs::exists(path / name)) files[name] = read_all(path / name);
    }
  }
  return files;
}

/// A folder that is gone at the end of the scope.
class ScratchFolder {
 public:
  ScratchFolder() {
    std::string pattern = (fs::temp_directory_path() / "hyena-tokenizer-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) {
      throw ReadError(pattern +
                      ": a temporary folder is needed to open the model's tokenizer, and "
                      "cannot be made; set TMPDIR to a folder that can be written to");
    }
    path_ = pattern;
  }
  ~ScratchFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

}  // namespace

namespace {

json record_in(const std::string& checkpoint) {
  return backbone::describe_model(*backbone::open_weights(checkpoint)).notes.tokenizer;
}

}  // namespace

bool carries_tokenizer(const std::string& checkpoint) {
  return !record_in(checkpoint).is_null();
}

RecordedTokenizer open_recorded(const std::string& spec, const std::string& data) {
  if (spec.starts_with("model:")) {
    const json record = record_in(spec.substr(6));
    if (record.is_null()) {
      throw ReadError(spec.substr(6) +
                      ": this model carries no tokenizer; name one by --tokenizer");
    }
    return open_from_record(record);
  }
  std::string full = spec;
  if (spec == "characters") {
    const auto colon = data.find(':');
    if (data.substr(0, colon) != "text" || !fs::is_regular_file(data.substr(colon + 1))) {
      throw ReadError(
          "tokenizer characters: of which text? Say --tokenizer characters:FILE; it "
          "can be left out with --data text:FILE alone");
    }
    full = "characters:" + data.substr(colon + 1);
  }
  RecordedTokenizer out;
  out.tokenizer = datasets::open_tokenizer(full);
  const auto colon = full.find(':');
  const std::string kind = full.substr(0, colon);
  const fs::path path = colon == std::string::npos ? fs::path() : fs::path(full.substr(colon + 1));
  // Without the path: where a file lay says nothing to those who get the model.
  out.record = {{"kind", kind}, {"files", files_of(kind, path, *out.tokenizer)}};
  return out;
}

RecordedTokenizer open_from_record(const json& record) {
  static const std::set<std::string> known = {"encoder.json", "vocab.bpe",      "vocab.json",
                                              "merges.txt",   "characters.txt", "tokenizer.json"};
  const auto damaged = [](const std::string& reason) {
    return ReadError("the tokenizer that the model carries is damaged: " + reason +
                     "; name another by --tokenizer");
  };
  if (!record.is_object() || !record.contains("kind") || !record["kind"].is_string() ||
      !record.value("files", json::object()).is_object()) {
    throw damaged("it has no kind and files");
  }
  const std::string kind = record["kind"];
  const json files = record.value("files", json::object());
  RecordedTokenizer out{.tokenizer = nullptr, .record = record};
  if (files.empty()) {
    out.tokenizer = datasets::open_tokenizer(kind);
    return out;
  }
  const ScratchFolder folder;
  fs::path last;
  for (const auto& [name, contents] : files.items()) {
    if (name.find('/') != std::string::npos || name.starts_with(".") || !contents.is_string()) {
      throw damaged("a file called '" + name + "'");
    }
    last = folder.path() / (known.contains(name) ? name : "tokenizer.json");
    backbone::write_file_atomically(last, contents.get<std::string>());
  }
  const bool one_file = kind != "gpt2";
  out.tokenizer = datasets::open_tokenizer(kind + ":" + (one_file ? last : folder.path()).string());
  return out;
}

}  // namespace hyena::train
