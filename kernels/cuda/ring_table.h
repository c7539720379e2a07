#pragma once

#include <cstddef>
#include <cstdint>

/// Twiddles of the transform on the ring x^N = i (ring_stage.cuh), N a power of two, computed in
/// double and rounded once. Host code; a method's table is a row of sections.
///
/// A section holds V complex values for each of E entries, read as float4:
///   adjacent 1:  float4 [⌈V/2⌉][E], values 2i and 2i + 1 of entry e; an odd last half is unused
///   adjacent 2:  float4 [V][E/2], value i of the entries 2e and 2e + 1
/// so that lanes with neighbouring entries (or pairs of them) read neighbouring 16 bytes.
///
/// V of a radix R: R/2, all twiddles, or in brief log2 R, from which the rest follow by constant
/// turns (about 5 instructions more an element, an error of 2.9e-7 instead of 1.9e-7).
namespace hyena::kernels::cuda {

struct Section {
  std::int64_t entries;
  int values;
  int adjacent = 1;

  std::size_t float4s() const {
    return static_cast<std::size_t>(adjacent == 2 ? values * (entries / 2)
                                                  : (values + 1) / 2 * entries);
  }
  std::size_t bytes() const { return 16 * float4s(); }
};

/// Forward stage of radix R at depth `depth`: entries are its 2^depth nodes, in order of memory.
Section node_section(int depth, int radix, bool brief, int adjacent = 1);
void fill_nodes(float* out, int depth, int radix, bool brief, int adjacent = 1);

/// Inverse stage of radix R that joins blocks of `columns` elements: entries are the columns.
Section column_section(std::int64_t columns, int radix, bool brief, int adjacent = 1);
void fill_columns(float* out, std::int64_t columns, int radix, bool brief, int adjacent = 1);

/// What the last inverse stage multiplies by, exp(−iπ t / 2N) with t = column + r · columns and
/// N = columns · radix: R values for each column, in brief the one of r = 0.
Section twist_section(std::int64_t columns, int radix, bool brief, int adjacent = 1);
void fill_twist(float* out, std::int64_t columns, int radix, bool brief, int adjacent = 1);

}  // namespace hyena::kernels::cuda
