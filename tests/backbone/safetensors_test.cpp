#include "backbone/safetensors.h"

#include <algorithm>
#include <cstring>

#include <gtest/gtest.h>

#include "tests/support/files.h"

namespace hyena::backbone {
namespace {

/// A file's bytes: the header's true length, the header as given, the data.
std::string file_of(const std::string& json, const std::string& data = "") {
  const std::uint64_t length = json.size();
  std::string out(sizeof length, '\0');
  std::memcpy(out.data(), &length, sizeof length);
  return out + json + data;
}

std::string entry(const std::string& dtype, const std::string& shape, const std::string& offsets) {
  return R"({"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}";
}

/// What the reader says against `bytes`, "" when it accepts them.
std::string refusal(const std::string& bytes) {
  try {
    parse_safetensors(bytes, "x.safetensors");
    return "";
  } catch (const SafetensorsError& error) {
    return error.what();
  }
}

struct Hostile {
  const char* name;
  std::string bytes;
  std::string message;  // after "x.safetensors: "
};

void PrintTo(const Hostile& hostile, std::ostream* out) {
  *out << hostile.name;
}

std::string with_length(std::uint64_t length, const std::string& rest) {
  std::string out = file_of("");
  std::memcpy(out.data(), &length, sizeof length);
  return out + rest;
}

const std::string kNotOne = "; the file is cut short or is not a safetensors file";

std::vector<Hostile> hostile_files() {
  const std::string f32 = entry("F32", "[2]", "[0,8]");
  const std::string eight(8, '\0');
  std::string deep = R"({"a":)";
  for (int i = 0; i < 1'000'000; ++i) deep += "{\"a\":";
  std::string long_shape = "[1";
  for (int i = 0; i < 64; ++i) long_shape += ",1";
  return {
      {"Empty", "",
       "byte 0: the file has 0 bytes; a safetensors file has at least 8, the length of its header"},
      {"SevenBytes", "1234567",
       "byte 0: the file has 7 bytes; a safetensors file has at least 8, the length of its header"},
      {"HeaderLongerThanFile", with_length(1000, "{}"),
       "byte 0: the header is said to have 1000 bytes, the file has only 2 more" + kNotOne},
      {"HeaderOverTheLimit", with_length(100'000'001, "{}"),
       "byte 0: the header is said to have 100000001 bytes, the format allows 100000000" + kNotOne},
      {"HeaderLengthWrapsAround", with_length(~std::uint64_t{0}, "{}"),
       "byte 0: the header is said to have 18446744073709551615 bytes, the format allows "
       "100000000" +
           kNotOne},
      {"ZipArchive", "PK\x03\x04" + std::string(60, 'x'),
       "byte 0: the header is said to have 8680820738615364432 bytes, the format allows 100000000; "
       "this is a zip archive, perhaps a PyTorch .pt or .bin file: save its state dict with "
       "safetensors.torch.save_file"},
      {"GitLfsPointer", "version https://git-lfs.github.com/spec/v1\n",
       "byte 0: the header is said to have 2336927755350992246 bytes, the format allows 100000000; "
       "this is a Git LFS pointer: fetch the file itself with git lfs pull"},
      {"NoHeader", file_of(""), "byte 8: the header must start with '{'"},
      {"LeadingSpace", file_of(" {}"), "byte 8: the header must start with '{'"},
      {"Array", file_of("[]"), "byte 8: the header must start with '{'"},
      {"ByteOrderMark", file_of("\xEF\xBB\xBF{}"), "byte 8: the header must start with '{'"},
      {"Unfinished", file_of("{"),
       "byte 9: invalid JSON: syntax error while parsing object key - unexpected end of input; "
       "expected string literal"},
      {"Comment", file_of("{}//"),
       "byte 10: invalid JSON: syntax error while parsing value - invalid literal"},
      {"TwoObjects", file_of("{}{}"),
       "byte 10: invalid JSON: syntax error while parsing value - unexpected '{'; expected end of "
       "input"},
      {"TextAfterZeroByte", file_of(std::string("{}\0{\"a\":1}", 10)),
       "byte 10: invalid JSON: the text ends before the header does"},
      {"BadUtf8", file_of("{\"a\xFF\":1}"),
       "byte 11: invalid JSON: syntax error while parsing object key - invalid string: ill-formed "
       "UTF-8 byte"},
      {"LoneSurrogate", file_of(R"({"\ud800":1})"),
       "byte 16: invalid JSON: syntax error while parsing object key - invalid string: surrogate "
       "U+D800..U+DBFF must be followed by U+DC00..U+DFFF"},
      {"DeepObjects", file_of(deep), "byte 16: tensor 'a': unknown field 'a'"},
      {"DeepArrays", file_of(R"({"a":)" + std::string(1'000'000, '[')),
       "byte 13: the entry of tensor 'a' must be an object, found an array"},
      {"NumberOutOfDoubleRange", file_of(R"({"a":1e999})"),
       "byte 17: invalid JSON: number overflow parsing '1e999'"},
      {"TwiceTheSameName", file_of("{\"a\":" + f32 + ",\"a\":" + f32 + "}", eight),
       "byte 64: the name 'a' appears twice"},
      {"TwiceTheSameNameEscaped", file_of("{\"a\":" + f32 + ",\"\\u0061\":" + f32 + "}", eight),
       "byte 69: the name 'a' appears twice"},
      {"TwiceTheMetadata", file_of(R"({"__metadata__":{},"__metadata__":{}})"),
       "byte 40: the name '__metadata__' appears twice"},
      {"TwiceTheSameMetadataKey", file_of(R"({"__metadata__":{"k":"1","k":"2"}})"),
       "byte 35: the metadata key 'k' appears twice"},
      {"MetadataNumber", file_of(R"({"__metadata__":{"k":1}})"),
       "byte 29: the metadata of key 'k' must be a string, found a number"},
      {"MetadataObject", file_of(R"({"__metadata__":{"k":{}}})"),
       "byte 29: the metadata of key 'k' must be a string, found an object"},
      {"MetadataNull", file_of(R"({"__metadata__":null})"),
       "byte 27: the metadata must be an object, found null"},
      {"EntryIsText", file_of(R"({"a":"F32"})"),
       "byte 17: the entry of tensor 'a' must be an object, found a string"},
      {"UnknownField", file_of(R"({"a":{"stride":[1]}})"),
       "byte 21: tensor 'a': unknown field 'stride'"},
      {"TwiceTheSameField", file_of(R"({"a":{"dtype":"F32","dtype":"F32"}})"),
       "byte 34: tensor 'a': the field 'dtype' appears twice"},
      {"NoDtype", file_of(R"({"a":{"shape":[],"data_offsets":[0,0]}})"),
       "byte 45: tensor 'a': no field 'dtype'"},
      {"NoShape", file_of(R"({"a":{"dtype":"F32","data_offsets":[0,0]}})"),
       "byte 48: tensor 'a': no field 'shape'"},
      {"NoOffsets", file_of(R"({"a":{"dtype":"F32","shape":[]}})"),
       "byte 38: tensor 'a': no field 'data_offsets'"},
      {"UnknownDtype", file_of("{\"a\":" + entry("F33", "[2]", "[0,8]") + "}", eight),
       "byte 26: tensor 'a': unknown dtype 'F33'"},
      {"DtypeNumber", file_of(R"({"a":{"dtype":7}})"),
       "byte 22: tensor 'a': the field 'dtype' must be a string, found a number"},
      {"ShapeObject", file_of(R"({"a":{"shape":{}}})"),
       "byte 22: tensor 'a': the field 'shape' must be an array, found an object"},
      {"ShapeNested", file_of(R"({"a":{"shape":[[1]]}})"),
       "byte 23: tensor 'a': the elements of 'shape' must be whole numbers, found an array"},
      {"ShapeText", file_of(R"({"a":{"shape":["1"]}})"),
       "byte 25: tensor 'a': the elements of 'shape' must be whole numbers, found a string"},
      {"ShapeNegative", file_of(R"({"a":{"shape":[2,-1]}})"),
       "byte 26: tensor 'a': the dimension '-1' is no whole number from 0 to 2^63 - 1"},
      {"ShapeFraction", file_of(R"({"a":{"shape":[2.0]}})"),
       "byte 25: tensor 'a': the dimension '2.0' is no whole number from 0 to 2^63 - 1"},
      {"ShapeOver63Bits", file_of(R"({"a":{"shape":[9223372036854775808]}})"),
       "byte 41: tensor 'a': the dimension 9223372036854775808 is too large"},
      {"ShapeOver64Bits", file_of(R"({"a":{"shape":[18446744073709551617]}})"),
       "byte 42: tensor 'a': the dimension '18446744073709551617' is no whole number from 0 to "
       "2^63 - 1"},
      {"SixtyFiveDimensions",
       file_of("{\"a\":" + entry("U8", long_shape + "]", "[0,1]") + "}", "x"),
       "byte 164: tensor 'a': more than 64 dimensions"},
      {"OneOffset", file_of("{\"a\":" + entry("F32", "[2]", "[8]") + "}", eight),
       "byte 57: tensor 'a': two data offsets are needed, found 1"},
      {"ThreeOffsets", file_of("{\"a\":" + entry("F32", "[2]", "[0,8,9]") + "}", eight),
       "byte 60: tensor 'a': more than two data offsets"},
      {"NegativeOffset", file_of("{\"a\":" + entry("F32", "[2]", "[-8,0]") + "}", eight),
       "byte 57: tensor 'a': the data offset '-8' is no whole number from 0 to 2^63 - 1"},
      {"OffsetsReversed", file_of("{\"a\":" + entry("F32", "[2]", "[8,0]") + "}", eight),
       "byte 62: tensor 'a': the data begins at offset 8 and ends before it, at 0"},
      {"OffsetsBehindTheEnd", file_of("{\"a\":" + entry("F32", "[4]", "[0,16]") + "}", eight),
       "byte 63: tensor 'a': the data ends at offset 16, the file has 8 bytes of data; it is cut "
       "short or damaged"},
      {"OffsetsOver64Bits",
       file_of("{\"a\":" + entry("F32", "[4]", "[18446744073709551615,18446744073709551615]") + "}",
               eight),
       "byte 100: tensor 'a': the data ends at offset 18446744073709551615, the file has 8 bytes "
       "of data; it is cut short or damaged"},
      {"ShapeOverflows",
       file_of("{\"a\":" + entry("F32", "[4294967296,4294967296]", "[0,8]") + "}", eight),
       "byte 82: tensor 'a': the size of [4294967296, 4294967296] F32 is no whole number of bytes "
       "below 2^60"},
      {"ShapeOverflowsBehindZero",
       file_of("{\"a\":" + entry("F32", "[0,4294967296,4294967296]", "[0,0]") + "}"),
       "byte 84: tensor 'a': the size of [0, 4294967296, 4294967296] F32 is no whole number of "
       "bytes below 2^60"},
      {"HalfAByte", file_of("{\"a\":" + entry("F4", "[3]", "[0,1]") + "}", "x"),
       "byte 61: tensor 'a': the size of [3] F4 is no whole number of bytes below 2^60"},
      {"SizeDisagrees", file_of("{\"a\":" + entry("F32", "[3]", "[0,8]") + "}", eight),
       "byte 62: tensor 'a': [3] F32 needs 12 bytes, the data offsets give 8"},
      {"Overlap",
       file_of("{\"a\":" + f32 + ",\"b\":" + entry("F32", "[2]", "[4,12]") + "}", eight + "1234"),
       "byte 120: tensor 'b': the data overlaps that of the tensor before it by 4 bytes"},
      {"SameData", file_of("{\"a\":" + f32 + ",\"b\":" + f32 + "}", eight),
       "byte 115: tensor 'b': the data overlaps that of the tensor before it by 8 bytes"},
      {"EmptyInsideAnother",
       file_of("{\"a\":" + f32 + ",\"b\":" + entry("F32", "[0]", "[4,4]") + "}", eight),
       "byte 119: tensor 'b': the data overlaps that of the tensor before it by 4 bytes"},
      {"HoleAtTheStart", file_of("{\"a\":" + entry("F32", "[1]", "[4,8]") + "}", eight),
       "byte 62: 4 bytes before tensor 'a' belong to no tensor"},
      {"HoleInside",
       file_of("{\"a\":" + f32 + ",\"b\":" + entry("F32", "[1]", "[12,16]") + "}", eight + eight),
       "byte 125: 4 bytes before tensor 'b' belong to no tensor"},
      {"TrailingBytes", file_of("{\"a\":" + f32 + "}", eight + "123"),
       "byte 70: 3 bytes after the last tensor belong to no tensor"},
      {"DataWithoutTensors", file_of("{}", "x"),
       "byte 10: 1 bytes after the last tensor belong to no tensor"},
      {"LongName", file_of("{\"" + std::string(200, 'n') + "\":1}"),
       "byte 212: the entry of tensor '" + std::string(80, 'n') +
           "…' must be an object, found a number"},
      {"NameWithLineBreaks", file_of(R"({"a\n\tb":1})"),
       "byte 18: the entry of tensor 'a??b' must be an object, found a number"},
  };
}

class HostileSafetensors : public testing::TestWithParam<Hostile> {};

TEST_P(HostileSafetensors, IsRefusedWithItsOwnMessage) {
  EXPECT_EQ(refusal(GetParam().bytes), "x.safetensors: " + GetParam().message);
}
INSTANTIATE_TEST_SUITE_P(Table, HostileSafetensors, testing::ValuesIn(hostile_files()),
                         [](const auto& hostile) { return std::string(hostile.param.name); });

TEST(Safetensors, RefusesEveryTruncationOfAGoodFile) {
  const std::string good = file_of("{\"a\":" + entry("F32", "[2]", "[0,8]") + "}  ", "12345678");
  ASSERT_EQ(refusal(good), "");
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_NE(refusal(good.substr(0, size)), "") << size;
  }
}

TEST(Safetensors, AcceptsEveryOrderOfFieldsAndTensors) {
  const auto header = parse_safetensors(
      file_of(R"({"late":{"data_offsets":[4,6],"dtype":"F16","shape":[]},)"
              R"("__metadata__":{"format":"pt"}, "none":{"shape":[0,7],"dtype":"I64",)"
              R"("data_offsets":[4,4]},"early":{"dtype":"U8","shape":[2,2],"data_offsets":[0,4]}})"
              "\n \t ",
              "123456"),
      "x");
  ASSERT_EQ(header.tensors.size(), 3);
  EXPECT_EQ(header.tensors[0].name, "early");
  EXPECT_EQ(header.tensors[1].name, "none");
  EXPECT_EQ(header.tensors[1].numel(), 0);
  EXPECT_EQ(header.tensors[2].name, "late");
  EXPECT_EQ(header.tensors[2].numel(), 1);
  EXPECT_EQ(header.metadata.at("format"), "pt");
}

/// A tensor of each dtype, with bytes that differ everywhere.
struct EveryDtype {
  EveryDtype() {
    for (int i = 0; i < kDtypes; ++i) {
      const auto dtype = static_cast<Dtype>(i);
      std::string& bytes = contents.emplace_back();
      for (int j = 0; j < dtype_bits(dtype); ++j) bytes += static_cast<char>(37 * i + 11 * j + 3);
      // 4 × 2 = 8 elements have as many bytes as one has bits.
      tensors.push_back({.name = "t." + std::string(dtype_name(dtype)),
                         .dtype = dtype,
                         .shape = {4, 2},
                         .data = {}});
    }
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      tensors[i].data = std::as_bytes(std::span(contents[i]));
    }
  }
  std::vector<std::string> contents;
  std::vector<TensorData> tensors;
};

TEST(Safetensors, KeepsEveryDtypeBitForBit) {
  const tests::TemporaryFolder folder;
  const EveryDtype every;
  write_safetensors(folder / "a.safetensors", every.tensors, {{"k", "ü\n\"x\""}, {"format", "pt"}});
  const SafetensorsFile file(folder / "a.safetensors");
  ASSERT_EQ(file.tensors().size(), static_cast<std::size_t>(kDtypes));
  EXPECT_EQ(file.metadata().at("k"), "ü\n\"x\"");
  EXPECT_EQ(file.find("t.F31"), nullptr);
  for (const TensorData& tensor : every.tensors) {
    const TensorEntry* found = file.find(tensor.name);
    ASSERT_NE(found, nullptr) << tensor.name;
    EXPECT_EQ(found->dtype, tensor.dtype);
    EXPECT_EQ(found->shape, tensor.shape);
    const auto data = file.data(*found);
    EXPECT_TRUE(std::ranges::equal(data, tensor.data)) << tensor.name;
    // Laid out by alignment: a reader may use the mapped data in place.
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(data.data()) %
                  static_cast<std::uintptr_t>(std::max(1, dtype_bits(tensor.dtype) / 8)),
              0U);
  }
}

TEST(Safetensors, WritesTheBytesOfTheReferenceLibrary) {
  // What safetensors 0.8.0 of Python gives for the same tensors: widest dtype first, then by name.
  const std::string expected_json =
      R"({"__metadata__":{"format":"pt"},"c":{"dtype":"F64","shape":[],"data_offsets":[0,8]},)"
      R"("a":{"dtype":"F32","shape":[1],"data_offsets":[8,12]},)"
      R"("b":{"dtype":"F32","shape":[1,1],"data_offsets":[12,16]},)"
      R"("d":{"dtype":"BOOL","shape":[3],"data_offsets":[16,19]}})";
  std::string padded = expected_json;
  padded.append((8 - padded.size() % 8) % 8, ' ');
  const tests::TemporaryFolder folder;
  const std::string bytes = "eightbytfourFOURxyz";
  const auto part = [&](std::size_t at, std::size_t n) {
    return std::as_bytes(std::span(bytes.data() + at, n));
  };
  write_safetensors(folder / "a",
                    {{.name = "d", .dtype = Dtype::kBool, .shape = {3}, .data = part(16, 3)},
                     {.name = "b", .dtype = Dtype::kF32, .shape = {1, 1}, .data = part(12, 4)},
                     {.name = "c", .dtype = Dtype::kF64, .shape = {}, .data = part(0, 8)},
                     {.name = "a", .dtype = Dtype::kF32, .shape = {1}, .data = part(8, 4)}},
                    {{"format", "pt"}});
  EXPECT_EQ(tests::read_file(folder / "a"), file_of(padded, bytes));
}

TEST(Safetensors, RefusesToWriteWhatItWouldNotRead) {
  const tests::TemporaryFolder folder;
  const auto message = [&](std::vector<TensorData> tensors,
                           const std::map<std::string, std::string>& metadata = {}) {
    try {
      write_safetensors(folder / "a", std::move(tensors), metadata);
      return std::string();
    } catch (const std::invalid_argument& error) {
      return std::string(error.what());
    }
  };
  const auto eight = std::as_bytes(std::span("12345678", 8));
  const auto tensor = [&](const char* name, std::vector<std::int64_t> shape) {
    return TensorData{.name = name, .dtype = Dtype::kF32, .shape = std::move(shape), .data = eight};
  };
  EXPECT_EQ(message({tensor("a", {2}), tensor("a", {2})}),
            "cannot write tensor 'a': the name is taken");
  EXPECT_EQ(message({tensor("__metadata__", {2})}),
            "cannot write tensor '__metadata__': the name is taken");
  EXPECT_EQ(message({tensor("a", {3})}),
            "cannot write tensor 'a': [3] F32 is not the size of its data, 8 bytes");
  EXPECT_EQ(message({tensor("a", {2})}, {{"k", "\xFF"}}),
            "cannot write a safetensors header: a tensor name or a metadata text is not valid "
            "UTF-8");
  EXPECT_FALSE(std::filesystem::exists(folder / "a"));
}

TEST(Safetensors, SaysWhyAFileCannotBeOpened) {
  const tests::TemporaryFolder folder;
  const auto message = [](const std::filesystem::path& path) {
    try {
      const SafetensorsFile file(path);
      return std::string();
    } catch (const SafetensorsError& error) {
      return std::string(error.what());
    }
  };
  const std::string absent = (folder / "absent").string();
  EXPECT_EQ(message(absent), "cannot open " + absent + ": No such file or directory");
  EXPECT_EQ(message(folder.path()), "cannot read " + folder.path().string() + ": Is a directory");
  tests::write_file(folder / "empty", "");
  EXPECT_EQ(message(folder / "empty"),
            (folder / "empty").string() +
                ": byte 0: the file has 0 bytes; a safetensors file has at least 8, the length of "
                "its header");
}

TEST(Safetensors, ReadsTheGoodSampleAndRefusesTheHostileOne) {
  const auto folder = tests::data_dir() / "formats";
  HYENA_REQUIRE_FOLDER(folder);
  const SafetensorsFile good(folder / "small.safetensors");
  ASSERT_EQ(good.tensors().size(), 2U);
  EXPECT_EQ(good.tensors()[1].name, "weight2");
  EXPECT_EQ(good.tensors()[1].shape, (std::vector<std::int64_t>{16, 16}));
  // Its header claims 1000 bytes where 80 follow.
  EXPECT_EQ(refusal(tests::read_file(folder / "abuse.safetensors")),
            "x.safetensors: byte 0: the header is said to have 1000 bytes, the file has only 80 "
            "more" +
                kNotOne);
}

}  // namespace
}  // namespace hyena::backbone
