#include "train/run/event_file.h"

#include <array>
#include <bit>
#include <chrono>
#include <cstdio>

#include <unistd.h>

namespace hyena::train {
namespace {

double system_seconds() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

constexpr std::array<std::uint32_t, 256> kCrcTable = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) {
      value = (value >> 1) ^ ((value & 1) ? 0x82F63B78u : 0u);  // the polynomial, reflected
    }
    table[i] = value;
  }
  return table;
}();

/// Little-endian bytes whatever the machine's order.
void put_fixed(std::string& out, std::uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>((value >> (8 * i)) & 0xFF);
}

/// TFRecord stores checksums of checksums nearby, so it masks them.
void put_masked_crc(std::string& out, const std::string& data) {
  const std::uint32_t crc = crc32c(data.data(), data.size());
  put_fixed(out, std::uint32_t{std::rotr(crc, 15) + 0xA282EAD8u}, 4);
}

// Protobuf's wire format: key = field number · 8 + wire type, then the value.
enum WireType : std::uint64_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

void put_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>((value & 0x7F) | 0x80);
  out += static_cast<char>(value);
}
void put_key(std::string& out, std::uint64_t field, WireType type) {
  put_varint(out, field << 3 | type);
}
void put_bytes(std::string& out, std::uint64_t field, const std::string& bytes) {
  put_key(out, field, kBytes);
  put_varint(out, bytes.size());
  out += bytes;
}

/// message Event { double wall_time = 1; int64 step = 2; string file_version = 3;
///                 Summary summary = 5; SessionLog session_log = 7; }
std::string event(double wall_time, std::int64_t step) {
  std::string out;
  put_key(out, 1, kFixed64);
  put_fixed(out, std::bit_cast<std::uint64_t>(wall_time), 8);
  put_key(out, 2, kVarint);
  put_varint(out, static_cast<std::uint64_t>(step));
  return out;
}

}  // namespace

std::uint32_t crc32c(const void* data, std::size_t bytes) {
  const auto* at = static_cast<const unsigned char*>(data);
  std::uint32_t crc = ~0u;
  for (std::size_t i = 0; i < bytes; ++i) crc = (crc >> 8) ^ kCrcTable[(crc ^ at[i]) & 0xFF];
  return ~crc;
}

EventFile::EventFile(const std::filesystem::path& folder, std::int64_t step, Clock clock)
    : clock_(clock != nullptr ? clock : system_seconds) {
  char host[256] = "localhost";
  ::gethostname(host, sizeof host - 1);
  char seconds[32];
  std::snprintf(seconds, sizeof seconds, "%010lld", static_cast<long long>(clock_()));
  file_ = std::make_unique<AppendFile>(folder / (std::string("events.out.tfevents.") + seconds +
                                                 "." + host + "." + std::to_string(::getpid())));
  std::string first = event(clock_(), 0);
  put_bytes(first, 3, "brain.Event:2");
  record(first);
  if (step > 0) {
    std::string status;  // message SessionLog { SessionStatus status = 1; }, START = 1
    put_key(status, 1, kVarint);
    put_varint(status, 1);
    // TensorBoard forgets events of this step and later ones; those of `step` itself stay.
    std::string start = event(clock_(), step + 1);
    put_bytes(start, 7, status);
    record(start);
  }
}

void EventFile::add(std::int64_t step, const std::vector<std::pair<std::string, double>>& scalars) {
  std::string summary;  // message Summary { repeated Value value = 1; }
  for (const auto& [tag, value] : scalars) {
    std::string entry;  // message Value { string tag = 1; float simple_value = 2; }
    put_bytes(entry, 1, tag);
    put_key(entry, 2, kFixed32);
    put_fixed(entry, std::bit_cast<std::uint32_t>(static_cast<float>(value)), 4);
    put_bytes(summary, 1, entry);
  }
  std::string out = event(clock_(), step);
  put_bytes(out, 5, summary);
  record(out);
}

void EventFile::record(const std::string& payload) {
  std::string length;
  put_fixed(length, payload.size(), 8);
  std::string frame = length;
  put_masked_crc(frame, length);
  frame += payload;
  put_masked_crc(frame, payload);
  file_->append(frame);
}

}  // namespace hyena::train
