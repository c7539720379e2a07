// A corpus of files that were made to do harm, each written here and opened as any model is. Every
// one must end with its named error: docs/formats.md lists what is refused.
#include <map>
#include <ostream>

#include <gtest/gtest.h>

#include "backbone/pickle/torch_error.h"
#include "backbone/safetensors.h"
#include "backbone/weights/open_weights.h"
#include "backbone/weights/strict_json.h"
#include "tests/backbone/torch_writer.h"
#include "tests/support/files.h"

namespace hyena::backbone {
namespace {

namespace fs = std::filesystem;
using tests::checkpoint;
using tests::dict;
using tests::global;
using tests::legacy_checkpoint;
using tests::raw;
using tests::storage;
using tests::tensor;
using tests::text;
using tests::tuple;
using tests::whole;
using tests::zip;
using tests::ZipFaults;
using tests::ZipFile;

struct Hostile {
  std::string name;
  std::string error;                               ///< part of the message
  std::string contents = {};                       ///< of a file, or
  std::map<std::string, std::string> folder = {};  ///< of the files of a folder
};

void PrintTo(const Hostile& hostile, std::ostream* out) {
  *out << hostile.name;
}

std::string repeated(const std::string& part, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += part;
  return out;
}

const std::string kFour = raw(std::vector<float>{1, 2, 3, 4});

std::string in_zip(const std::string& pickle, const ZipFaults& faults = {}) {
  return zip(checkpoint(pickle, {{"0", kFour}}), faults);
}
std::string good(const std::string& key = "a") {
  return dict({{text(key), tensor(storage("FloatStorage", "0", 4), 0, {4}, {1})}});
}
std::string view(std::int64_t offset, const std::vector<std::int64_t>& shape,
                 const std::vector<std::int64_t>& strides) {
  return in_zip(
      dict({{text("a"), tensor(storage("FloatStorage", "0", 4), offset, shape, strides)}}));
}

/// Ten lists of ten of the one before, and so on.
std::string laughs() {
  std::string out = "](" + repeated("N", 10) + "eq" + std::string(1, '\0') + "0";
  for (char level = 1; level < 10; ++level) {
    out += "](" + repeated("h" + std::string(1, static_cast<char>(level - 1)), 10) + "eq" +
           std::string(1, level) + "0";
  }
  return dict({{text("a"), out + "h\x09"}});
}

std::vector<Hostile> pickles() {
  const std::string make = global("torch._utils", "_rebuild_tensor_v2");
  return {
      {"call_of_a_program", "an object of class 'posix.system'",
       in_zip(global("posix", "system") + tuple({text("id")}) + "R")},
      {"tensor_from_a_foreign_object", "the storage is an object of class 'evil.Storage'",
       in_zip(make +
              tuple({global("evil", "Storage") + ")R", whole(0), tests::wholes({4}),
                     tests::wholes({1}), "\x89", "N"}) +
              "R")},
      {"unknown_storage_class", "storages of class 'torch.EvilStorage' are not supported",
       in_zip(dict({{text("a"), tensor(storage("EvilStorage", "0", 4), 0, {4}, {1})}}))},
      {"stack_bomb", "more than 2^20 values on the stack", in_zip(repeated("N", (1 << 20) + 8))},
      {"mark_bomb", "more than 2^12 open marks", in_zip(repeated("(", 5000))},
      {"memo_bomb", "a memo entry past 2^22", in_zip("Nr\xff\xff\xff\x7f")},
      {"memo_entry_that_is_not_there", "the memo has no entry 7", in_zip("h\x07")},
      // A list of 2^20 items that is taken into lists again and again.
      {"item_bomb", "2^22",
       in_zip("](" + repeated("(" + repeated("N", 1 << 10) + "t", 1 << 12) + "e")},
      {"billion_laughs", "more than 2^22 values when shared parts are repeated", in_zip(laughs())},
      {"dict_that_contains_itself", "nested more than 64 deep",
       in_zip("}q" + std::string(1, '\0') + text("a") + "h" + std::string(1, '\0') + "s")},
      {"deep_nesting", "nested more than 64 deep",
       in_zip(repeated("}" + text("a"), 100) + "N" + repeated("s", 100))},
      {"endless_name", "a name of more than 4096 bytes", in_zip(good(std::string(5000, 'n')))},
      {"two_tensors_of_one_name", "two tensors are called",
       in_zip("}(" + text("1") + tensor(storage("FloatStorage", "0", 4), 0, {4}, {1}) + whole(1) +
              tensor(storage("FloatStorage", "0", 4), 0, {2}, {1}) + "u")},
      {"view_past_its_storage", "ends at element 4, storage '0' has 4", view(1, {4}, {1})},
      {"stride_past_its_storage", "ends at element 4, storage '0' has 4", view(0, {2, 2}, {3, 1})},
      {"negative_stride", "a negative stride, -1", view(3, {4}, {-1})},
      {"negative_offset", "a negative storage offset, -1", view(-1, {2}, {1})},
      {"negative_size", "a negative dimension, -4", view(0, {-4}, {1})},
      {"sizes_that_overflow", "does not fit 63 bits",
       view(0, {std::int64_t{1} << 40, std::int64_t{1} << 40}, {0, 0})},
      {"stride_that_overflows", "does not fit 63 bits", view(0, {4}, {std::int64_t{1} << 62})},
      {"repeated_to_more_memory", "more than 2^30 beyond are not supported",
       view(0, {std::int64_t{1} << 40}, {0})},
      {"many_dimensions", "100 dimensions, at most 64",
       view(0, std::vector<std::int64_t>(100, 1), std::vector<std::int64_t>(100, 1))},
      {"storage_of_another_size", "needs 4000000000000 bytes, its entry has 16",
       in_zip(
           dict({{text("a"), tensor(storage("FloatStorage", "0", 1000000000000), 0, {4}, {1})}}))},
      {"storage_that_is_not_there", "is not in the archive",
       in_zip(dict({{text("a"), tensor(storage("FloatStorage", "9", 4), 0, {4}, {1})}}))},
      {"storage_of_two_types", "was asked for before with another class or count",
       in_zip(dict({{text("a"), tensor(storage("FloatStorage", "0", 4), 0, {4}, {1})},
                    {text("b"), tensor(storage("DoubleStorage", "0", 2), 0, {2}, {1})}}))},
      {"number_beyond_64_bits", "ends inside this opcode",
       in_zip("\x8a\xff" + std::string(16, '\x7f'))},
      {"text_that_is_no_utf8", "a text that is not UTF-8", in_zip(text("\xc3\x28"))},
      {"text_longer_than_the_file", "ends inside this opcode", in_zip("X\xff\xff\xff\x7f")},
      {"old_protocol", "opcode INT of protocol 0", in_zip("I1\n")},
      {"extension_code", "opcode EXT1", in_zip("\x82\x01")},
      {"no_opcode", "unknown opcode 255", in_zip("\xff")},
      {"tensor_alone", "not tensors by name",
       in_zip(tensor(storage("FloatStorage", "0", 4), 0, {4}, {1}))},
      {"no_tensors", "there are no tensors in this file", in_zip(dict({{text("a"), whole(1)}}))},
  };
}

std::vector<Hostile> archives() {
  const std::string whole_file = in_zip(good());
  std::vector<ZipFile> twice = checkpoint(good(), {{"0", kFour}});
  twice.push_back(twice.back());
  std::vector<ZipFile> two = checkpoint(good(), {{"0", kFour}});
  two.push_back({"other/data.pkl", tests::kProto2 + "N."});
  std::vector<ZipFile> script = checkpoint(good(), {{"0", kFour}});
  script.push_back({"any name/constants.pkl", tests::kProto2 + "N."});
  std::vector<ZipFile> big = checkpoint(good(), {{"0", kFour}});
  big[1].contents = "big";
  std::vector<ZipFile> tail = checkpoint(good(), {{"0", kFour}});
  tail[0].contents += "N.";
  const auto entries = checkpoint(good(), {{"0", kFour}});
  return {
      {"overlapping_entries", "overlaps the entry before it", zip(entries, {.same_place = 2})},
      {"wrong_crc", "does not have its CRC", zip(entries, {.crc = 1})},
      {"compressed", "is compressed, by method 8", zip(entries, {.method = 8})},
      {"headers_that_differ", "has another size or CRC in its own header",
       zip(entries, {.local_size = 5})},
      {"entry_twice", "appears twice", zip(twice)},
      {"two_checkpoints", "more than one checkpoint", zip(two)},
      {"no_checkpoint", "no FOLDER/data.pkl", zip({{"a/readme", "x"}})},
      {"torchscript", "TorchScript", zip(script)},
      {"big_endian", "the byte order 'big'", zip(big)},
      {"bytes_behind_the_pickle", "bytes after the end of the pickle", zip(tail)},
      {"archive_cut_short", "no directory at its end",
       whole_file.substr(0, whole_file.size() - 30)},
      {"archive_of_two_bytes", "at least 22 bytes", "PK"},
  };
}

std::vector<Hostile> old_files() {
  const auto file = [](const std::vector<tests::LegacyStorage>& storages, bool little = true) {
    return legacy_checkpoint(good(), storages, little);
  };
  std::string wrong = file({{"0", 4, kFour}});
  wrong[6] ^= 1;
  return {
      {"old_wrong_magic", "not written by torch.save", wrong},
      {"old_big_endian", "big-endian", file({{"0", 4, kFour}}, false)},
      {"old_other_count", "is said to have 5 here", file({{"0", 5, kFour}})},
      {"old_cut_short", "cut short", file({{"0", 4, kFour.substr(0, 7)}})},
      {"old_trailing_bytes", "bytes after the last storage", file({{"0", 4, kFour + "x"}})},
      {"old_storage_twice", "appears twice", file({{"0", 4, kFour}, {"0", 4, kFour}})},
      {"old_storage_nobody_wants", "no tensor asks for", file({{"0", 4, kFour}, {"1", 4, kFour}})},
      {"old_without_its_storage", "is not in the file", file({})},
      {"git_lfs_pointer", "git lfs pull", "version https://git-lfs.github.com/spec/v1\n"},
  };
}

std::string tensors_file(const std::string& header, const std::string& data = "") {
  return raw(static_cast<std::uint64_t>(header.size())) + header + data;
}
std::string entry(const std::string& dtype, const std::string& shape, const std::string& offsets) {
  return R"({"a":{"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets +
         "}}";
}

std::vector<Hostile> safetensors() {
  const std::string two = R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},)";
  return {
      {"st_shorter_than_8_bytes", "the file has 7 bytes", "1234567"},
      {"st_header_over_100_MB", "the format allows 100000000",
       raw(std::uint64_t{100'000'001}) + "{}"},
      {"st_header_longer_than_the_file", "the file has only 2 more", raw(std::uint64_t{50}) + "{}"},
      {"st_length_that_overflows", "the format allows 100000000", raw(~std::uint64_t{0}) + "{}"},
      {"st_header_no_utf8", "ill-formed UTF-8", tensors_file("{\"\xff\":1}")},
      {"st_broken_json", "invalid JSON", tensors_file("{\"a\":}")},
      {"st_other_schema", "must be an object, found an array", tensors_file(R"({"a":[1]})")},
      {"st_hole", "belong to no tensor", tensors_file(entry("U8", "[2]", "[1,3]"), "abc")},
      {"st_overlap", "overlaps that of the tensor before it",
       tensors_file(two + R"("b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}})", "abc")},
      {"st_end_before_begin", "ends before it, at 0",
       tensors_file(entry("U8", "[2]", "[2,0]"), "ab")},
      {"st_elements_overflow", "no whole number of bytes below 2^60",
       tensors_file(entry("U8", "[4294967296,4294967296]", "[0,0]"))},
      {"st_bits_overflow", "no whole number of bytes below 2^60",
       tensors_file(entry("F64", "[9223372036854775807]", "[0,8]"), std::string(8, '\0'))},
      {"st_half_a_byte", "no whole number of bytes below 2^60",
       tensors_file(entry("F4", "[3]", "[0,1]"), "a")},
      {"st_other_size", "needs 8 bytes, the data offsets give 4",
       tensors_file(entry("F32", "[2]", "[0,4]"), "abcd")},
      {"st_trailing_bytes", "1 bytes after the last tensor",
       tensors_file(entry("U8", "[2]", "[0,2]"), "abc")},
      {"st_cut_short", "it is cut short", tensors_file(entry("U8", "[4]", "[0,4]"), "abc")},
      {"st_name_twice", "appears twice",
       tensors_file(two + R"("a":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}})", "abc")},
      {"st_unknown_dtype", "unknown dtype 'F128'",
       tensors_file(entry("F128", "[1]", "[0,16]"), kFour)},
      {"st_many_dimensions", "more than 64 dimensions",
       tensors_file(entry("U8", "[1" + repeated(",1", 70) + "]", "[0,1]"), "a")},
      {"st_deep_nesting", "found an array", tensors_file(R"({"a":)" + repeated("[", 10000))},
  };
}

std::vector<Hostile> folders() {
  const auto index = [](const std::string& map) {
    return std::map<std::string, std::string>{
        {"model.safetensors.index.json", R"({"weight_map":)" + map + "}"},
        {"one", tensors_file(entry("U8", "[2]", "[0,2]"), "ab")}};
  };
  const auto config = [](const std::string& json) {
    return std::map<std::string, std::string>{
        {"config.json", json},
        {"model.safetensors", tensors_file(entry("U8", "[2]", "[0,2]"), "ab")}};
  };
  const std::string paths = "names of files are needed, no paths";
  return {
      {"index_parent_folder", paths, "", index(R"({"a":"../one"})")},
      {"index_dots", paths, "", index(R"({"a":".."})")},
      {"index_absolute_path", paths, "", index(R"({"a":"/etc/passwd"})")},
      {"index_backslash", paths, "", index(R"({"a":"..\\one"})")},
      {"index_drive", paths, "", index(R"({"a":"c:one"})")},
      {"index_nul", paths, "", index(R"({"a":"one\u0000"})")},
      {"index_empty_name", paths, "", index(R"({"a":""})")},
      {"index_missing_shard", "1 of 2 shards are not in the folder: two", "",
       index(R"({"a":"one","b":"two"})")},
      {"index_tensor_elsewhere", "tensor 'b' is said to be in 'one', which does not hold it", "",
       index(R"({"a":"one","b":"one"})")},
      {"index_key_twice", "the key 'a' appears twice", "", index(R"({"a":"one","a":"two"})")},
      {"index_deep_nesting", "nested more than 32 deep", "", index(repeated("[", 100000))},
      {"index_list", "there is no 'weight_map'", "", index(R"(["one"])")},
      {"index_empty", "there is no 'weight_map'", "", index("{}")},
      {"index_number", "the file of tensor 'a' is number", "", index(R"({"a":1})")},
      {"index_shard_is_a_pickle_bomb",
       "more than 2^20 values on the stack",
       "",
       {{"model.safetensors.index.json", R"({"weight_map":{"a":"one"}})"},
        {"one", in_zip(repeated("N", (1 << 20) + 8))}}},
      {"config_broken", "broken JSON", "", config(R"({"d_model":)")},
      {"config_no_utf8", "broken JSON", "", config("{\"\xff\":1}")},
      {"config_key_twice", "the key 'd_model' appears twice", "",
       config(R"({"d_model":1,"d_model":2})")},
      {"config_list", "a JSON object is needed here, found array", "", config("[1]")},
      {"config_deep_nesting", "nested more than 32 deep", "",
       config(R"({"a":)" + repeated(R"({"a":)", 100) + "1" + repeated("}", 101))},
      {"folder_empty", "there are no weights in this folder", "", {{"readme", "x"}}},
  };
}

class HostileFiles : public testing::TestWithParam<Hostile> {};

TEST_P(HostileFiles, EndsWithItsNamedError) {
  const Hostile& hostile = GetParam();
  const tests::TemporaryFolder folder;
  fs::path path = folder.path();
  if (hostile.folder.empty()) {
    path = folder / "model";
    tests::write_file(path, hostile.contents);
  }
  for (const auto& [name, contents] : hostile.folder) tests::write_file(folder / name, contents);
  try {
    const auto source = open_weights(path);
    for (const TensorEntry& tensor : source->tensors()) {
      std::vector<std::byte> out(tensor.end - tensor.begin);
      source->read(tensor, out);
    }
    FAIL() << "was read";
  } catch (const std::runtime_error& error) {
    const bool named = dynamic_cast<const TorchFileError*>(&error) != nullptr ||
                       dynamic_cast<const SafetensorsError*>(&error) != nullptr ||
                       dynamic_cast<const WeightFolderError*>(&error) != nullptr;
    EXPECT_TRUE(named) << error.what();
    const std::string what = error.what();
    EXPECT_TRUE(what.starts_with(folder.path().string())) << what;
    EXPECT_NE(what.find(hostile.error), what.npos) << what;
    EXPECT_LE(what.size(), folder.path().string().size() + 400) << what;
  }
}

std::vector<Hostile> corpus() {
  std::vector<Hostile> all;
  for (const auto& part : {pickles(), archives(), old_files(), safetensors(), folders()}) {
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(Corpus, HostileFiles, testing::ValuesIn(corpus()),
                         [](const auto& hostile) { return hostile.param.name; });

}  // namespace
}  // namespace hyena::backbone
