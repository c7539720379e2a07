#include "train/run/event_file.h"

#include <bit>
#include <cstring>
#include <map>

#include <gtest/gtest.h>

#include "tests/support/files.h"

namespace hyena::train {
namespace {

/// CRC-32C bit by bit, from its definition.
std::uint32_t slow_crc(const std::string& data) {
  std::uint32_t crc = 0xFFFFFFFF;
  for (const unsigned char byte : data) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) crc = crc & 1 ? (crc >> 1) ^ 0x82F63B78 : crc >> 1;
  }
  return crc ^ 0xFFFFFFFF;
}

std::uint64_t fixed(const std::string& bytes, std::size_t at, int size) {
  std::uint64_t value = 0;
  for (int i = size - 1; i >= 0; --i) {
    value = value << 8 | static_cast<unsigned char>(bytes.at(at + static_cast<std::size_t>(i)));
  }
  return value;
}

/// The payloads of a TFRecord file, all four checks done.
std::vector<std::string> payloads(const std::string& bytes) {
  const auto unmasked = [&](std::size_t at) {
    const auto masked = static_cast<std::uint32_t>(fixed(bytes, at, 4)) - 0xA282EAD8u;
    return masked << 15 | masked >> 17;
  };
  std::vector<std::string> out;
  for (std::size_t at = 0; at < bytes.size();) {
    const std::uint64_t length = fixed(bytes, at, 8);
    EXPECT_EQ(unmasked(at + 8), slow_crc(bytes.substr(at, 8)));
    out.push_back(bytes.substr(at + 12, length));
    EXPECT_EQ(out.back().size(), length);
    EXPECT_EQ(unmasked(at + 12 + length), slow_crc(out.back()));
    at += 16 + length;
  }
  return out;
}

/// The fields of a protobuf message: number → raw values, numbers as 8 bytes.
std::multimap<int, std::string> fields(const std::string& message) {
  std::multimap<int, std::string> out;
  std::size_t at = 0;
  const auto varint = [&] {
    std::uint64_t value = 0;
    for (int shift = 0;; shift += 7) {
      const auto byte = static_cast<unsigned char>(message.at(at++));
      value |= std::uint64_t{byte & 0x7Fu} << shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < message.size()) {
    const std::uint64_t key = varint();
    std::string value;
    if ((key & 7) == 0) {
      const std::uint64_t number = varint();
      value.assign(reinterpret_cast<const char*>(&number), 8);
    } else {
      const std::size_t size = (key & 7) == 1 ? 8 : (key & 7) == 5 ? 4 : varint();
      value = message.substr(at, size);
      EXPECT_EQ(value.size(), size);
      at += size;
    }
    out.emplace(static_cast<int>(key >> 3), value);
  }
  return out;
}

template <class T>
T as(const std::string& bytes) {
  T value{};
  EXPECT_EQ(bytes.size(), sizeof value);
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

double the_clock() {
  return 1234567890.5;
}

TEST(EventFile, Crc32cHasItsCheckValue) {
  EXPECT_EQ(crc32c("123456789", 9), 0xE3069283u);  // RFC 3720, appendix B.4
  EXPECT_EQ(crc32c("", 0), 0u);
}

TEST(EventFile, IsTfRecordsOfEvents) {
  const tests::TemporaryFolder folder;
  std::filesystem::path path;
  {
    EventFile file(folder.path(), 0, the_clock);
    file.add(300, {{"train/loss", 0.75}, {"lr", 1e-3}});
    file.add(5'000'000'000, {{"train/loss", -2.5}});
    path = file.path();
  }
  EXPECT_TRUE(path.filename().string().starts_with("events.out.tfevents.1234567890.")) << path;
  const auto events = payloads(tests::read_file(path));
  ASSERT_EQ(events.size(), 3u);
  const auto first = fields(events[0]);
  EXPECT_EQ(as<double>(first.find(1)->second), the_clock());
  EXPECT_EQ(first.find(3)->second, "brain.Event:2");

  const auto second = fields(events[1]);
  EXPECT_EQ(as<double>(second.find(1)->second), the_clock());
  EXPECT_EQ(as<std::int64_t>(second.find(2)->second), 300);
  const auto summary = fields(second.find(5)->second);
  ASSERT_EQ(summary.count(1), 2u);
  const auto loss = fields(summary.find(1)->second);
  EXPECT_EQ(loss.find(1)->second, "train/loss");
  EXPECT_EQ(as<float>(loss.find(2)->second), 0.75f);
  const auto lr = fields(std::next(summary.find(1))->second);
  EXPECT_EQ(lr.find(1)->second, "lr");
  EXPECT_EQ(as<float>(lr.find(2)->second), 1e-3f);

  EXPECT_EQ(as<std::int64_t>(fields(events[2]).find(2)->second), 5'000'000'000);
}

TEST(EventFile, AResumedRunPurgesLaterSteps) {
  const tests::TemporaryFolder folder;
  const EventFile file(folder.path(), 40, the_clock);
  const auto events = payloads(tests::read_file(file.path()));
  ASSERT_EQ(events.size(), 2u);
  const auto start = fields(events[1]);
  EXPECT_EQ(as<std::int64_t>(start.find(2)->second), 41);
  EXPECT_EQ(as<std::int64_t>(fields(start.find(7)->second).find(1)->second), 1);
}

}  // namespace
}  // namespace hyena::train
