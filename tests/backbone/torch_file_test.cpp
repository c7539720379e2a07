#include "backbone/pickle/torch_file.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <ostream>
#include <set>

#include <gtest/gtest.h>

#include "backbone/pickle/state_dict.h"
#include "backbone/pickle/torch_error.h"
#include "backbone/safetensors.h"
#include "tests/backbone/torch_writer.h"
#include "tests/support/files.h"

namespace hyena::backbone {
namespace {

namespace fs = std::filesystem;
using tests::checkpoint;
using tests::legacy_checkpoint;
using tests::ordered;
using tests::raw;
using tests::storage;
using tests::tensor;
using tests::text;
using tests::zip;

std::string refusal(const std::string& bytes) {
  try {
    const TorchContents contents = parse_torch_file(bytes, "x.pt");
    for (const StoragePlace& place : contents.places) {
      if (place.entry) check_crc(bytes, *place.entry, "x.pt");
    }
    return "";
  } catch (const TorchFileError& error) {
    return error.what();
  }
}

template <typename T>
std::vector<T> values(const TorchFile& file, const std::string& name) {
  const StateDict found = flatten_state_dict(file.tree(), file.tree().root, file.name());
  const auto bytes = file.read(file.tree().tensors[found.tensors.at(name)]);
  std::vector<T> out(bytes.size() / sizeof(T));
  if (!bytes.empty()) std::memcpy(out.data(), bytes.data(), bytes.size());
  return out;
}

const std::vector<float> kSix{1.5F, -2.0F, 3.25F, 4.0F, -5.5F, 6.75F};
const std::vector<std::int64_t> kTwo{-7, std::int64_t{1} << 40};

const std::string& pickle() {
  static const std::string made = ordered({
      {text("w"), tensor(storage("FloatStorage", "0", 6), 0, {2, 3}, {3, 1})},
      {text("transposed"), tensor(storage("FloatStorage", "0", 6), 0, {3, 2}, {1, 3})},
      {text("every.second"), tensor(storage("FloatStorage", "0", 6), 1, {3}, {2})},
      {text("repeated"), tensor(storage("FloatStorage", "0", 6), 2, {2, 2}, {0, 1})},
      {text("cube"), tensor(storage("FloatStorage", "0", 6), 0, {2, 2, 2}, {1, 2, 1})},
      {text("scalar"), tensor(storage("FloatStorage", "0", 6), 5, {}, {})},
      {text("none"), tensor(storage("FloatStorage", "0", 6), 0, {0, 3}, {3, 1})},
      {text("half"), tensor(storage("HalfStorage", "1", 2), 0, {2}, {1})},
      {text("bf16"), tensor(storage("BFloat16Storage", "2", 2), 0, {2}, {1})},
      {text("bool"), tensor(storage("BoolStorage", "3", 3), 0, {3}, {1})},
      {text("long"), tensor(storage("LongStorage", "4", 2), 0, {2}, {1})},
  });
  return made;
}

const std::string kHalf = raw(std::vector<std::uint16_t>{0x3C00, 0xC000});
const std::string kBrain = raw(std::vector<std::uint16_t>{0x3F80, 0xC040});
const std::string kBool("\x01\x00\x01", 3);

std::vector<tests::ZipFile> zip_files() {
  return checkpoint(
      pickle(), {{"0", raw(kSix)}, {"1", kHalf}, {"2", kBrain}, {"3", kBool}, {"4", raw(kTwo)}});
}
std::string legacy_file(bool little = true) {
  return legacy_checkpoint(pickle(),
                           {{"3", 3, kBool},
                            {"0", 6, raw(kSix)},
                            {"1", 2, kHalf},
                            {"2", 2, kBrain},
                            {"4", 2, raw(kTwo)}},
                           little);
}

struct Format {
  const char* name;
  std::string bytes;
};
void PrintTo(const Format& format, std::ostream* out) {
  *out << format.name;
}
class EveryFormat : public testing::TestWithParam<Format> {};

TEST_P(EveryFormat, GivesTensorsOfAllKindsAndViews) {
  const tests::TemporaryFolder folder;
  tests::write_file(folder / "x.pt", GetParam().bytes);
  const TorchFile file(folder / "x.pt");
  EXPECT_EQ(file.tree().storages.size(), 5u);
  EXPECT_EQ(values<float>(file, "w"), kSix);
  EXPECT_EQ(values<float>(file, "transposed"),
            (std::vector{1.5F, 4.0F, -2.0F, -5.5F, 3.25F, 6.75F}));
  EXPECT_EQ(values<float>(file, "every.second"), (std::vector{-2.0F, 4.0F, 6.75F}));
  EXPECT_EQ(values<float>(file, "repeated"), (std::vector{3.25F, 4.0F, 3.25F, 4.0F}));
  EXPECT_EQ(values<float>(file, "cube"),
            (std::vector{1.5F, -2.0F, 3.25F, 4.0F, -2.0F, 3.25F, 4.0F, -5.5F}));
  EXPECT_EQ(values<float>(file, "scalar"), std::vector{6.75F});
  EXPECT_EQ(values<float>(file, "none"), std::vector<float>{});
  EXPECT_EQ(raw(values<std::uint16_t>(file, "half")), kHalf);
  EXPECT_EQ(raw(values<std::uint16_t>(file, "bf16")), kBrain);
  EXPECT_EQ(raw(values<char>(file, "bool")), kBool);
  EXPECT_EQ(values<std::int64_t>(file, "long"), kTwo);
  const StateDict found = flatten_state_dict(file.tree(), file.tree().root, file.name());
  const auto dtype = [&](const char* name) {
    return file.tree().tensors[found.tensors.at(name)].dtype;
  };
  EXPECT_EQ(dtype("w"), Dtype::kF32);
  EXPECT_EQ(dtype("half"), Dtype::kF16);
  EXPECT_EQ(dtype("bf16"), Dtype::kBF16);
  EXPECT_EQ(dtype("bool"), Dtype::kBool);
  EXPECT_EQ(dtype("long"), Dtype::kI64);
}

TEST_P(EveryFormat, TruncatedAnywhereIsRefused) {
  const std::string& bytes = GetParam().bytes;
  EXPECT_EQ(refusal(bytes), "");
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_TRUE(refusal(bytes.substr(0, length)).starts_with("x.pt: byte ")) << length;
  }
}

TEST_P(EveryFormat, AChangedByteIsRefusedOrHarmless) {
  for (std::size_t at = 0; at < GetParam().bytes.size(); ++at) {
    for (const int bits : {0x01, 0x80, 0xFF}) {
      std::string bytes = GetParam().bytes;
      bytes[at] = static_cast<char>(bytes[at] ^ bits);
      const std::string message = refusal(bytes);
      EXPECT_TRUE(message.empty() || message.starts_with("x.pt: byte ")) << message;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, EveryFormat,
                         testing::Values(Format{"Zip", zip(zip_files())},
                                         Format{
                                             "ZipAsTorchWrites",
                                             zip(zip_files(), {.descriptor = true, .zip64 = true})},
                                         Format{"Legacy", legacy_file()}),
                         [](const auto& each) { return each.param.name; });

TEST(TorchFile, UntypedStoragesAndParameters) {
  const std::string bytes4 =
      tests::tuple({text("storage"), tests::global("torch.storage", "UntypedStorage"), text("0"),
                    text("cpu"), tests::whole(4)}) +
      "Q";
  const std::string v3 =
      tests::global("torch._utils", "_rebuild_tensor_v3") +
      tests::tuple({bytes4, tests::whole(1), tests::wholes({1}), tests::wholes({1}), "\x89", "N",
                    tests::global("torch", "uint16")}) +
      "R";
  const std::string parameter =
      tests::global("torch._utils", "_rebuild_parameter") + tests::tuple({v3, "\x88", "N"}) + "R";
  const tests::TemporaryFolder folder;
  tests::write_file(folder / "x.pt",
                    zip(checkpoint(tests::dict({{text("p"), parameter}}),
                                   {{"0", raw(std::vector<std::uint16_t>{5, 60000})}})));
  const TorchFile file(folder / "x.pt");
  EXPECT_EQ(values<std::uint16_t>(file, "p"), std::vector<std::uint16_t>{60000});
}

TEST(TorchFile, DamagedStorageIsFoundWhenItIsUsed) {
  std::string bytes = zip(zip_files());
  bytes[bytes.find(raw(kSix)) + 5] ^= 1;
  const tests::TemporaryFolder folder;
  tests::write_file(folder / "x.pt", bytes);
  const TorchFile file(folder / "x.pt");
  EXPECT_EQ(values<std::int64_t>(file, "long"), kTwo);
  EXPECT_THROW(values<float>(file, "w"), TorchFileError);
}

TEST(TorchFile, RepetitionWithoutEndIsRefusedBeforeMemoryIsAskedFor) {
  const std::int64_t many = std::int64_t{1} << 50;
  const tests::TemporaryFolder folder;
  tests::write_file(
      folder / "x.pt",
      zip(checkpoint(tensor(storage("ByteStorage", "0", 1), 0, {many}, {0}), {{"0", "x"}})));
  const TorchFile file(folder / "x.pt");
  EXPECT_THROW(file.read(file.tree().tensors[0]), TorchFileError);
}

TEST(TorchFile, AbsentFileAndFolderAreRefused) {
  const tests::TemporaryFolder folder;
  EXPECT_THROW(TorchFile(folder / "absent.pt"), TorchFileError);
  EXPECT_THROW(TorchFile{folder.path()}, TorchFileError);
}

/// The name that a checkpoint's tensor has in the model.safetensors beside it.
std::string plain_name(std::string name) {
  for (const std::string prefix : {"state_dict.", "model."}) {
    if (name.starts_with(prefix)) name.erase(0, prefix.size());
  }
  for (const std::string infix : {".mixer.layer.", ".mlp.layer."}) {
    if (const auto at = name.find(infix); at != name.npos) name.erase(at + infix.size() - 6, 6);
  }
  return name;
}

float widened(std::uint16_t bits, Dtype dtype) {
  if (dtype == Dtype::kBF16) return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
  const int exponent = bits >> 10 & 31;
  const float fraction = static_cast<float>(bits & 1023) / 1024.0F;
  const float size =
      exponent == 0 ? std::ldexp(fraction, -14) : std::ldexp(1.0F + fraction, exponent - 15);
  return (bits & 0x8000) != 0 ? -size : size;
}

std::vector<std::string> golden_checkpoints() {
  std::vector<std::string> out;
  if (!fs::exists(tests::golden_dir())) return out;
  for (const auto& entry : fs::recursive_directory_iterator(tests::golden_dir())) {
    const auto suffix = entry.path().extension();
    if (suffix == ".pt" || suffix == ".ckpt" || suffix == ".bin") {
      out.push_back(fs::relative(entry.path(), tests::golden_dir()).string());
    }
  }
  std::ranges::sort(out);
  return out;
}

class GoldenCheckpoint : public testing::TestWithParam<std::string> {};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(GoldenCheckpoint);

TEST_P(GoldenCheckpoint, HoldsWhatTheSafetensorsFileHolds) {
  const fs::path path = tests::golden_dir() / GetParam();
  const TorchFile file(path);
  const StateDict found = flatten_state_dict(file.tree(), file.tree().root, file.name());
  EXPECT_FALSE(found.tensors.empty());
  for (const PickledTensor& tensor : file.tree().tensors) file.read(tensor);
  if (path.filename() == "legacy_names.pt") return;  // nothing beside it has its names

  const SafetensorsFile wanted(path.parent_path() / "model.safetensors");
  std::set<std::string> seen;
  for (const auto& [name, index] : found.tensors) {
    const TensorEntry* entry = wanted.find(plain_name(name));
    if (entry == nullptr) continue;
    SCOPED_TRACE(name);
    seen.insert(entry->name);
    const PickledTensor& tensor = file.tree().tensors[index];
    EXPECT_EQ(tensor.shape, entry->shape);
    const auto bytes = file.read(tensor);
    const auto expected = wanted.data(*entry);
    if (tensor.dtype == entry->dtype) {
      EXPECT_TRUE(std::ranges::equal(bytes, expected));
      continue;
    }
    ASSERT_EQ(entry->dtype, Dtype::kF32);
    ASSERT_TRUE(tensor.dtype == Dtype::kF16 || tensor.dtype == Dtype::kBF16);
    ASSERT_EQ(bytes.size() * 2, expected.size());
    for (std::size_t i = 0; i < bytes.size() / 2; ++i) {
      std::uint16_t narrow = 0;
      float wide = 0;
      std::memcpy(&narrow, bytes.data() + 2 * i, 2);
      std::memcpy(&wide, expected.data() + 4 * i, 4);
      ASSERT_NEAR(widened(narrow, tensor.dtype), wide, 1e-7 + 0.005 * std::abs(wide));
    }
  }
  for (const TensorEntry& entry : wanted.tensors()) {
    EXPECT_TRUE(seen.contains(entry.name)) << entry.name;
  }
}

INSTANTIATE_TEST_SUITE_P(Folder, GoldenCheckpoint, testing::ValuesIn(golden_checkpoints()),
                         [](const auto& each) { return tests::test_name(each.param); });

TEST(GoldenCheckpoints, Exist) {
  HYENA_REQUIRE_FOLDER(tests::golden_dir());
  EXPECT_FALSE(golden_checkpoints().empty());
}

struct Hostile {
  const char* name;
  std::string bytes;
  std::string message;
};
void PrintTo(const Hostile& hostile, std::ostream* out) {
  *out << hostile.name;
}

std::vector<Hostile> hostile_files() {
  const std::string one = tensor(storage("FloatStorage", "0", 6), 0, {6}, {1});
  const std::string six = raw(kSix);
  const auto with = [&](tests::ZipFile file) {
    auto files = zip_files();
    files.push_back(std::move(file));
    return files;
  };
  auto big = zip_files();
  big[1].contents = "big";
  std::string count = zip(zip_files());
  count[count.size() - 12] = 99;
  count[count.size() - 14] = 99;
  std::string far = zip(zip_files(), {.zip64 = true});
  std::memset(far.data() + far.size() - 22 - 12, 0xFF, 8);
  return {
      {"Empty", "", "byte 0: this is neither a zip archive nor a pickle"},
      {"Text", "hello", "byte 0: this is neither a zip archive nor a pickle"},
      {"GitLfsPointer", "version https://git-lfs.github.com/spec/v1\n", "git lfs pull"},
      {"EmptyArchive", zip({}), "this zip archive has no FOLDER/data.pkl"},
      {"OtherArchive", zip({{"a/b/data.pkl", "x"}}), "this zip archive has no FOLDER/data.pkl"},
      {"TwoCheckpoints", zip(with({"other/data.pkl", "x"})), "more than one checkpoint"},
      {"TorchScript", zip(with({"any name/constants.pkl", "x"})), "TorchScript"},
      {"BigEndian", zip(big), "the byte order 'big' is not supported"},
      {"Deflated", zip(zip_files(), {.method = 8}), "is compressed, by method 8"},
      {"WrongCrc", zip(zip_files(), {.crc = 1}), "does not have its CRC"},
      {"HeadersDiffer", zip(zip_files(), {.local_size = 1}), "has another size or CRC in its own"},
      {"Overlap", zip(zip_files(), {.same_place = 3}), "overlaps the entry before it"},
      {"SameNameTwice", zip(with({"any name/data/0", six})), "appears twice"},
      {"CountTooHigh", count, "too many for its"},
      {"Zip64EndOutside", far, "the ZIP64 end of the directory lies outside"},
      {"StorageAbsent", zip(checkpoint(one, {})), "storage '0' of 6 F32 is not in the archive"},
      {"StorageTooShort", zip(checkpoint(one, {{"0", six.substr(1)}})),
       "storage '0' of 6 F32 needs 24 bytes, its entry has 23"},
      {"StorageTooLong", zip(checkpoint(one, {{"0", six + "x"}})),
       "storage '0' of 6 F32 needs 24 bytes, its entry has 25"},
      {"BytesAfterThePickle", zip(checkpoint(one + ".N", {{"0", six}})),
       "bytes after the end of the pickle"},
      {"LegacyOtherPickle", tests::kProto2 + "}.", "was not written by torch.save"},
      {"LegacyBigEndian", legacy_file(false), "big-endian"},
      {"LegacyStorageAbsent", legacy_checkpoint(one, {}),
       "storage '0' of 6 F32 is not in the file"},
      {"LegacyUnknownStorage", legacy_checkpoint("N", {{"9", 1, "x"}}), "no tensor asks for"},
      {"LegacyStorageTwice", legacy_checkpoint(one, {{"0", 6, six}, {"0", 6, six}}),
       "the key '0' appears twice"},
      {"LegacyOtherCount", legacy_checkpoint(one, {{"0", 5, six}}), "is said to have 5 here"},
      {"LegacyStorageTooShort", legacy_checkpoint(one, {{"0", 6, six.substr(4)}}),
       "needs 24 bytes, the file has 20 more"},
      {"LegacyBytesAtTheEnd", legacy_file() + "x", "1 bytes after the last storage"},
  };
}

class HostileTorchFile : public testing::TestWithParam<Hostile> {};

TEST_P(HostileTorchFile, IsRefusedWithPlaceAndReason) {
  const std::string message = refusal(GetParam().bytes);
  EXPECT_TRUE(message.starts_with("x.pt: byte ")) << message;
  EXPECT_NE(message.find(GetParam().message), message.npos) << message;
}

INSTANTIATE_TEST_SUITE_P(All, HostileTorchFile, testing::ValuesIn(hostile_files()),
                         [](const auto& each) { return each.param.name; });

}  // namespace
}  // namespace hyena::backbone
