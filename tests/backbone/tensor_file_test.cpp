#include "backbone/tensor_file.h"

#include <algorithm>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/support/files.h"
#include "tests/support/tensors.h"

namespace hyena::backbone {
namespace {

std::span<const std::byte> bytes_of(const at::Tensor& tensor) {
  return {static_cast<const std::byte*>(tensor.const_data_ptr()), tensor.nbytes()};
}

/// A file with a tensor of 4 × 2 elements of each dtype, no two bytes alike for long.
void write_every_dtype(const std::filesystem::path& path) {
  std::vector<std::string> contents(kDtypes);
  std::vector<TensorData> tensors;
  for (std::size_t i = 0; i < contents.size(); ++i) {
    const auto dtype = static_cast<Dtype>(i);
    for (int j = 0; j < dtype_bits(dtype); ++j) {
      contents[i] +=
          static_cast<char>(dtype == Dtype::kBool ? j % 2 : 37 * static_cast<int>(i) + 11 * j + 3);
    }
    tensors.push_back({.name = std::string(dtype_name(dtype)),
                       .dtype = dtype,
                       .shape = {4, 2},
                       .data = std::as_bytes(std::span(contents[i]))});
  }
  write_safetensors(path, tensors);
}

TEST(TensorFile, KeepsEveryDtypeOfLibTorchBitForBit) {
  const tests::TemporaryFolder folder;
  write_every_dtype(folder / "a");
  const SafetensorsFile first(folder / "a");
  TensorMap tensors;
  for (const TensorEntry& entry : first.tensors()) {
    if (entry.dtype == Dtype::kF6E2M3 || entry.dtype == Dtype::kF6E3M2) {
      try {
        read_tensor(first, entry);
        FAIL() << entry.name;
      } catch (const SafetensorsError& error) {
        EXPECT_EQ(std::string(error.what()), "LibTorch has no type for the elements " + entry.name);
      }
      continue;
    }
    const at::Tensor tensor = tensors[entry.name] = read_tensor(first, entry);
    EXPECT_EQ(tensor.scalar_type(), scalar_type_of(entry.dtype));
    EXPECT_TRUE(std::ranges::equal(bytes_of(tensor), first.data(entry))) << entry.name;
  }
  EXPECT_EQ(tensors.size(), static_cast<std::size_t>(kDtypes - 2));
  EXPECT_EQ(tensors.at("BF16").sizes(), at::IntArrayRef({4, 2}));
  // Signed, unsigned and floating types of one size must not be mixed up.
  EXPECT_EQ(tensors.at("I8").scalar_type(), at::kChar);
  EXPECT_EQ(tensors.at("U16").scalar_type(), at::kUInt16);
  EXPECT_EQ(tensors.at("BF16").scalar_type(), at::kBFloat16);

  write_tensors(folder / "b", tensors, {{"format", "pt"}});
  const SafetensorsFile second(folder / "b");
  EXPECT_EQ(second.tensors().size(), tensors.size());
  for (const TensorEntry& entry : second.tensors()) {
    const TensorEntry* before = first.find(entry.name);
    EXPECT_EQ(entry.dtype, before->dtype);
    EXPECT_EQ(entry.shape, before->shape);
    EXPECT_TRUE(std::ranges::equal(second.data(entry), first.data(*before))) << entry.name;
  }
}

TEST(TensorFile, WritesViewsScalarsAndEmptyTensors) {
  const tests::TemporaryFolder folder;
  const auto base = at::randn({6, 4});
  const TensorMap tensors = {{"transposed", base.t()},
                             {"strided", base.slice(1, 0, 4, 2)},
                             {"scalar", at::scalar_tensor(2.5, at::kDouble)},
                             {"empty", at::empty({3, 0}, at::kHalf)},
                             {"conjugate", at::complex(base, base + 1).conj()},
                             {"expanded", at::randn({1, 3}).expand({5, 3})}};
  write_tensors(folder / "a", tensors);
  const TensorMap read = read_tensors(folder / "a");
  ASSERT_EQ(read.size(), tensors.size());
  for (const auto& [name, tensor] : tensors) {
    EXPECT_EQ(read.at(name).scalar_type(), tensor.scalar_type()) << name;
    EXPECT_TRUE(read.at(name).equal(tensor)) << name;
  }
}

TEST(TensorFile, ReadsDataThatIsNotAligned) {
  const tests::TemporaryFolder folder;
  std::string json = R"({"a":{"dtype":"F64","shape":[2],"data_offsets":[0,16]}})";
  while (json.size() % 8 != 1) json += ' ';
  const std::uint64_t length = json.size();
  const auto values = at::tensor({1.25, -3.5}, at::kDouble);
  std::string file(reinterpret_cast<const char*>(&length), sizeof length);
  file += json;
  file.append(static_cast<const char*>(values.const_data_ptr()), 16);
  tests::write_file(folder / "a", file);
  EXPECT_TRUE(read_tensors(folder / "a").at("a").equal(values));
}

TEST(TensorFile, RefusesTypesThatTheFormatDoesNotHave) {
  const tests::TemporaryFolder folder;
  try {
    write_tensors(folder / "a", {{"x", at::zeros({1}, at::kComplexDouble)}});
    FAIL();
  } catch (const std::invalid_argument& error) {
    EXPECT_STREQ(error.what(), "safetensors files cannot hold elements of type ComplexDouble");
  }
}

TEST(TensorFile, AgreesWithAnIndependentReader) {
  const auto file = tests::data_dir() / "formats" / "small.safetensors";
  HYENA_REQUIRE_FOLDER(file);
  const TensorMap ours = read_tensors(file);
  const auto theirs = tests::read_tensors(file);
  ASSERT_EQ(ours.size(), theirs.size());
  for (const auto& [name, tensor] : theirs) EXPECT_TRUE(ours.at(name).equal(tensor)) << name;
}

}  // namespace
}  // namespace hyena::backbone
