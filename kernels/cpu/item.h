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
std::int64_t batch_slices_of(std::int64_t batch, std::int64_t groups, std::int64_t bytes_per_slice);
template <class T>
std::int64_t batch_slices(std::int64_t batch, std::int64_t groups, std::int64_t group_size) {
  return batch_slices_of(batch, groups, groups * group_size * std::int64_t{sizeof(T)});
}

/// How many neighbouring groups of channels are worked on together. Four read and write 256 bytes
/// of a row at once, which pays (10 to 25 %) where rows are longer than that and the scratch of all
/// (`bytes` each) stays in the second cache; else, or where threads would be idle, one.
std::int64_t groups_at_once(std::int64_t groups, std::int64_t signals, std::int64_t bytes,
                            std::int64_t threads);

inline std::int64_t bytes_of(Type type) {
  return type == Type::kFloat64 ? 8 : type == Type::kFloat32 ? 4 : 2;
}

/// Where some neighbouring groups of channels of one signal lie, and how they are best read.
template <class T>
struct Item {
  Type type;
  Extent extent;
  std::int64_t padded;  ///< length of a row as it is transformed
  std::int64_t width;   ///< channels of whole groups
  std::int64_t used;    ///< of them
  std::int64_t batch, channel;

  /// Nothing to convert or pad: the passes read and write the caller's rows themselves.
  bool direct() const {
    return type == (sizeof(T) == 8 ? Type::kFloat64 : Type::kFloat32) && used == width &&
           padded == extent.row;
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
    for (std::int64_t i = 0; i < extent.rows; ++i, tile += padded * width) {
      RowsJob<T> job = job_of();
      job.a = at(a, i * extent.row);
      job.a_stride = a.row;
      job.b = at(b, i * extent.row);
      job.b_stride = b.row;
      group_kernels<T>().pack(job, tile);
      std::fill(tile + extent.row * width, tile + padded * width, T{0});
    }
  }
  /// a ⊙ tile to y; without y nothing.
  void unpack(const ConstRows& a, const T* tile, const Rows& y) const {
    for (std::int64_t i = 0; y && i < extent.rows; ++i, tile += padded * width) {
      RowsJob<T> job = job_of();
      job.a = at(a, i * extent.row);
      job.a_stride = a.row;
      job.y = at(y, i * extent.row);
      job.y_stride = y.row;
      group_kernels<T>().unpack(job, tile);
    }
  }

 private:
  RowsJob<T> job_of() const {
    return {.type = type, .rows = extent.row, .channels = used, .tile_stride = width};
  }
};

}  // namespace hyena::kernels::cpu
