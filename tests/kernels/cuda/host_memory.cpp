#include "tests/kernels/cuda/host_memory.h"

#include <cstdlib>
#include <map>
#include <new>

#include "tests/kernels/cuda/launch_notes.h"

namespace hyena::kernels::cuda {
namespace host {
namespace {

using Buffers = std::map<const unsigned char*, std::size_t>;
Buffers& buffers() {
  static Buffers all;
  return all;
}
struct Found {
  const unsigned char* begin = nullptr;
  const unsigned char* end = nullptr;
};
thread_local Found last_found;  // most accesses go where the one before went

}  // namespace

void watch(const void* memory, std::size_t bytes) {
  buffers()[static_cast<const unsigned char*>(memory)] = bytes;
}
void unwatch(const void* memory) {
  buffers().erase(static_cast<const unsigned char*>(memory));
  last_found = {};
  set_kind(memory, Kind::kSignal);
}

DeviceMemory::DeviceMemory(std::size_t bytes) : bytes_(bytes) {
  // Rounded up for aligned_alloc; the registered size is the exact one.
  const std::size_t rounded = (bytes + 256) / 256 * 256;
  data_ = std::aligned_alloc(256, rounded);
  if (data_ == nullptr) throw std::bad_alloc();
  std::memset(data_, 0xFF, rounded);
  watch(data_, bytes_);
}

DeviceMemory::~DeviceMemory() {
  unwatch(data_);
  std::free(data_);
}

const unsigned char* buffer_of(const void* p, std::size_t bytes) {
  const auto* begin = static_cast<const unsigned char*>(p);
  if (begin >= last_found.begin && begin + bytes <= last_found.end) return last_found.begin;
  auto next = buffers().upper_bound(begin);
  if (next == buffers().begin()) return nullptr;
  --next;
  if (begin + bytes > next->first + next->second) return nullptr;
  last_found = {next->first, next->first + next->second};
  return next->first;
}

void SharedMemory::reset(std::size_t bytes) {
  size_ = bytes;
  if (data_.size() < bytes + 2 * kMargin) {
    data_.resize(bytes + 2 * kMargin);
    touches_.resize(data_.size() / 2 + 1);
  }
  std::memset(data(), 0xFF, bytes);
  std::fill_n(touches_.begin(), bytes / 2 + 1, Touch());
}

int SharedMemory::touch(std::size_t offset, std::size_t bytes, bool write, const Moment& now) {
  int conflict = kNobody;
  const int warp = now.thread / kWarp;
  for (std::size_t cell = offset / 2; cell < (offset + bytes + 1) / 2; ++cell) {
    Touch& t = touches_[cell];
    if (t.writer >= 0 && t.writer != now.thread && t.write_phase == now.phase &&
        (t.writer / kWarp != warp || t.write_epoch == now.epoch)) {
      conflict = t.writer;
    }
    const bool read_now = t.reader != kNobody && t.read_phase == now.phase;
    const bool same_warp = t.reader >= 0 ? t.reader / kWarp == warp
                                         : t.reader <= kOneWarp && kOneWarp - t.reader == warp;
    if (write) {
      if (read_now && t.reader != now.thread && (!same_warp || t.read_epoch == now.epoch)) {
        conflict = t.reader >= 0 ? t.reader : kSeveral;
      }
      t.writer = static_cast<std::int16_t>(now.thread);
      t.write_phase = now.phase;
      t.write_epoch = now.epoch;
    } else if (!read_now || (same_warp && t.read_epoch != now.epoch)) {
      // What this warp read before its last barrier is done; who else reads it is the same as now.
      t.reader = static_cast<std::int16_t>(now.thread);
      t.read_phase = now.phase;
      t.read_epoch = now.epoch;
    } else if (t.reader != now.thread) {
      t.reader = static_cast<std::int16_t>(same_warp ? kOneWarp - warp : kSeveral);
      t.read_epoch = now.epoch;
    }
  }
  return conflict;
}

}  // namespace host

void zero_fill(void* memory, std::size_t bytes, Stream) {
  if (bytes != 0 && host::buffer_of(memory, bytes) == nullptr) {
    throw host::Fault("clearing memory outside every buffer");
  }
  std::memset(memory, 0, bytes);
}

float to_float(Half x) {
  // Exponent and mantissa moved to where float32 has them, then scaled: right for subnormals too.
  const bool finite = (x.bits & 0x7C00) != 0x7C00;
  const std::uint32_t bits =
      static_cast<std::uint32_t>(x.bits & 0x7FFF) << 13 | (finite ? 0U : 0x7F800000U);
  float y;
  std::memcpy(&y, &bits, 4);
  if (finite) y *= 0x1p112F;
  return (x.bits & 0x8000) != 0 ? -y : y;
}

template <>
Bf16 from_float<Bf16>(float x) {
  std::uint32_t bits;
  std::memcpy(&bits, &x, 4);
  if (std::isnan(x)) return {0x7FFF};
  bits += 0x7FFF + (bits >> 16 & 1);  // to nearest, ties to even
  return {static_cast<std::uint16_t>(bits >> 16)};
}

template <>
Half from_float<Half>(float x) {
  const std::uint16_t sign = std::signbit(x) ? 0x8000 : 0;
  const float magnitude = std::fabs(x);
  if (std::isnan(x)) return {0x7FFF};
  if (magnitude >= 65520.0F) return {static_cast<std::uint16_t>(sign | 0x7C00)};
  int exponent = 0;
  std::frexp(magnitude, &exponent);
  const int scale = std::max(exponent, -13) - 11;  // the unit of the last place
  const auto units = static_cast<std::uint32_t>(std::nearbyint(std::ldexp(magnitude, -scale)));
  // units counts from 2^10 in a normal number: adding it to the exponent carries as it should.
  const std::uint32_t bits =
      magnitude < 6.103515625e-5F ? units : (static_cast<std::uint32_t>(scale + 24) << 10) + units;
  return {static_cast<std::uint16_t>(sign | bits)};
}

}  // namespace hyena::kernels::cuda
