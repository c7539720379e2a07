#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <type_traits>

#include "kernels/cpu/group.h"
#include "kernels/tensors.h"

/// What the drivers of the 1-D and the 2-D convolution share.
namespace hyena::kernels::cpu {

/// Throws ArgumentError: "FUNCTION: WHAT".
[[noreturn]] void refuse(const char* function, const std::string& what);

/// Arguments of a call that are wrong for any geometry. An empty batch may come without memory.
void check(const char* function, std::int64_t batch, Type type, bool double_filter, bool has_v,
           bool has_output, const char* output);
void check(const char* function, std::int64_t batch, const ConstRows& q, const ConstRows& k,
           const Rows& dq, const Rows& dk, const Rows& dv);

/// Parts of the batch whose filter gradients are summed apart, so that few channels still feed
/// several threads. Depends on sizes only: the order of the sums is always the same.
std::int64_t batch_slices(std::int64_t batch, std::int64_t groups, std::int64_t bytes_per_slice);

inline std::int64_t bytes_of(Type type) {
  return type == Type::kFloat64 ? 8 : type == Type::kFloat32 ? 4 : 2;
}

/// Where one group of channels of one signal lies, and how it is best read.
template <class T>
struct Item {
  Type type;
  std::int64_t rows, row;  ///< of positions: one row of L, or H rows of W
  std::int64_t padded;     ///< length of a row as it is transformed
  std::int64_t lanes, used, batch, channel;

  /// Nothing to convert or pad: the passes read and write the caller's rows themselves.
  bool direct() const {
    return type == (sizeof(T) == 8 ? Type::kFloat64 : Type::kFloat32) && used == lanes &&
           padded == row;
  }
  template <class Pointer>
  auto* at(const RowsOf<Pointer>& tensor, std::int64_t position) const {
    using Byte = std::conditional_t<std::is_same_v<Pointer, void*>, char, const char>;
    auto* first = static_cast<Byte*>(tensor.data);
    const std::int64_t element = batch * tensor.batch + position * tensor.row + channel;
    return tensor ? first + element * bytes_of(type) : nullptr;
  }
  ConstGroup<T> in(const ConstRows& tensor) const {
    return {reinterpret_cast<const T*>(at(tensor, 0)), tensor.row};
  }
  Group<T> out(const Rows& tensor) const {
    return {reinterpret_cast<T*>(at(tensor, 0)), tensor.row};
  }

  /// a ⊙ b to a tile of padded rows, zeros behind the end of each.
  void pack(const ConstRows& a, const ConstRows& b, T* tile) const {
    for (std::int64_t i = 0; i < rows; ++i, tile += padded * lanes) {
      RowsJob<T> job{.type = type, .rows = row, .lanes = used};
      job.a = at(a, i * row);
      job.a_stride = a.row;
      job.b = at(b, i * row);
      job.b_stride = b.row;
      group_kernels<T>().pack(job, tile);
      std::fill(tile + row * lanes, tile + padded * lanes, T{0});
    }
  }
  /// a ⊙ tile to y; without y nothing.
  void unpack(const ConstRows& a, const T* tile, const Rows& y) const {
    for (std::int64_t i = 0; y && i < rows; ++i, tile += padded * lanes) {
      RowsJob<T> job{.type = type, .rows = row, .lanes = used};
      job.a = at(a, i * row);
      job.a_stride = a.row;
      job.y = at(y, i * row);
      job.y_stride = y.row;
      group_kernels<T>().unpack(job, tile);
    }
  }
};

}  // namespace hyena::kernels::cpu
