// Hugging Face's tokenizer.json, as far as it describes GPT-2's way of encoding. A field that asks
// for anything else is refused: read past, it would give other ids than the model was trained with.
#include <initializer_list>
#include <memory>

#include "datasets/dataset.h"
#include "datasets/tokenizer/byte_bpe.h"
#include "datasets/tokenizer/kinds.h"
#include "datasets/tokenizer/strict_json.h"

namespace hyena::datasets {
namespace {

using nlohmann::json;

/// One object of the file; the name tells where it is, for messages.
class Part {
 public:
  Part(const json& value, std::string file, std::string name)
      : value_(value), file_(std::move(file)), name_(std::move(name)) {
    if (!value.is_object()) refuse("", "is not an object");
  }

  [[noreturn]] void refuse(const std::string& field, const std::string& reason) const {
    const std::string dot = name_.empty() || field.empty() ? "" : ".";
    throw ReadError(
        file_ + ": " +
        (name_ + dot + field).append(name_.empty() && field.empty() ? "the file " : " ") + reason);
  }
  [[noreturn]] void refuse_value(const std::string& field) const {
    refuse(field, "is " + value_.at(field).dump().substr(0, 120) +
                      ", which is not understood; byte-level BPE as GPT-2's is read");
  }

  void only(std::initializer_list<const char*> known) const {
    for (const auto& [key, value] : value_.items()) {
      bool found = false;
      for (const char* name : known) found |= key == name;
      if (!found) refuse(key, "is not understood");
    }
  }
  const json* find(const char* field) const {
    const auto found = value_.find(field);
    return found == value_.end() ? nullptr : &*found;
  }
  const json& need(const char* field) const {
    const json* value = find(field);
    if (value == nullptr) refuse(field, "is missing; is this a tokenizer.json?");
    return *value;
  }
  /// Absent, null, or one of these.
  void none_or(const char* field, std::initializer_list<json> harmless) const {
    const json* value = find(field);
    if (value == nullptr || value->is_null()) return;
    for (const json& one : harmless) {
      if (*value == one) return;
    }
    refuse_value(field);
  }
  bool flag(const char* field, bool standard) const {
    const json* value = find(field);
    if (value == nullptr) return standard;
    if (!value->is_boolean()) refuse(field, "is not true or false");
    return value->get<bool>();
  }
  std::string text(const char* field) const {
    const json& value = need(field);
    if (!value.is_string()) refuse(field, "is not a string");
    return value.get<std::string>();
  }
  std::uint64_t number(const char* field) const {
    const json& value = need(field);
    if (!value.is_number_unsigned()) refuse(field, "is not a whole number from 0");
    return value.get<std::uint64_t>();
  }

 private:
  const json& value_;
  std::string file_;
  std::string name_;
};

/// pre_tokenizer, post_processor and decoder have the same form. trim_offsets and the
/// post-processor change reported offsets, never ids.
Part byte_level(const Part& root, const json& value, const std::string& file, const char* name) {
  if (!value.is_object() || value.value("type", json()) != "ByteLevel") root.refuse_value(name);
  Part part(value, file, name);
  part.only({"type", "add_prefix_space", "trim_offsets", "use_regex"});
  part.flag("trim_offsets", true);
  return part;
}

void read_surroundings(const Part& root, const std::string& file) {
  root.only({"version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer",
             "post_processor", "decoder", "model"});
  root.none_or("version", {"1.0"});
  root.none_or("truncation", {});
  root.none_or("padding", {});
  root.none_or("normalizer", {});
  const Part split = byte_level(root, root.need("pre_tokenizer"), file, "pre_tokenizer");
  if (split.flag("add_prefix_space", true)) {
    split.refuse("add_prefix_space", "is true or missing, which is not understood");
  }
  if (!split.flag("use_regex", true)) {
    split.refuse("use_regex", "is false, which is not understood");
  }
  byte_level(root, root.need("decoder"), file, "decoder");
  const json* post = root.find("post_processor");
  if (post != nullptr && !post->is_null()) byte_level(root, *post, file, "post_processor");
}

void read_merges(const Part& model, BpeParts& parts) {
  const json& merges = model.need("merges");
  if (!merges.is_array()) model.refuse("merges", "is not an array");
  for (std::size_t i = 0; i < merges.size(); ++i) {
    const json& merge = merges[i];
    const std::string field = "merges[" + std::to_string(i) + "]";
    if (merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string()) {
      parts.merges.emplace_back(merge[0].get<std::string>(), merge[1].get<std::string>());
      continue;
    }
    if (!merge.is_string()) model.refuse(field, "is neither a string nor two strings");
    const auto& pair = merge.get_ref<const std::string&>();
    const std::size_t space = pair.find(' ');
    if (space == std::string::npos || pair.find(' ', space + 1) != std::string::npos) {
      model.refuse(field, "is not two tokens with one space between");
    }
    parts.merges.emplace_back(pair.substr(0, space), pair.substr(space + 1));
  }
}

void read_model(const Part& model, BpeParts& parts) {
  model.only({"type", "dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix",
              "fuse_unk", "byte_fallback", "ignore_merges", "vocab", "merges"});
  model.none_or("type", {"BPE"});
  model.none_or("dropout", {0, 0.0});
  model.none_or("continuing_subword_prefix", {""});
  model.none_or("end_of_word_suffix", {""});
  model.none_or("byte_fallback", {false});
  model.none_or("ignore_merges", {false});
  // unk_token and fuse_unk are for what has no token; all 256 bytes have one.
  const json& vocabulary = model.need("vocab");
  if (!vocabulary.is_object()) model.refuse("vocab", "is not an object");
  parts.vocabulary.reserve(vocabulary.size());
  for (const auto& [name, id] : vocabulary.items()) {
    if (!id.is_number_unsigned()) {
      model.refuse("vocab", "gives '" + name + "' an id that is not a whole number from 0");
    }
    parts.vocabulary.emplace_back(name, id.get<std::uint64_t>());
  }
  read_merges(model, parts);
}

void read_added(const Part& root, BpeParts& parts) {
  const json* added = root.find("added_tokens");
  if (added == nullptr || added->is_null()) return;
  if (!added->is_array()) root.refuse("added_tokens", "is not an array");
  for (std::size_t i = 0; i < added->size(); ++i) {
    const Part token((*added)[i], parts.file, "added_tokens[" + std::to_string(i) + "]");
    token.only({"id", "content", "single_word", "lstrip", "rstrip", "normalized", "special"});
    for (const char* field : {"single_word", "lstrip", "rstrip"}) {
      if (token.flag(field, false)) token.refuse(field, "is true, which is not understood");
    }
    token.flag("normalized", true);  // there is no normalizer
    parts.added.push_back(
        {token.text("content"), token.number("id"), token.flag("special", false)});
  }
}

std::unique_ptr<Tokenizer> open_huggingface(const std::string& path) {
  BpeParts parts;
  parts.file = path;
  parts.merges_file = path;
  const json file = parse_strictly(read_tokenizer_file(path), path);
  const Part root(file, path, "");
  read_surroundings(root, path);
  read_added(root, parts);
  read_model(Part(root.need("model"), path, "model"), parts);
  return std::make_unique<ByteBpe>(assemble(parts));
}

}  // namespace

TokenizerKind huggingface_kind() {
  return {"huggingface", "FILE", "byte-level BPE of a tokenizer.json", open_huggingface};
}

}  // namespace hyena::datasets
