#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace hyena::datasets {

/// An array of bytes from an IDX file.
struct IdxArray {
  std::vector<std::int64_t> shape;
  std::vector<std::uint8_t> values;  ///< row-major; as many as the product of `shape`
};

/// Reads an IDX file of unsigned bytes with `dimensions` (1 to 4) axes, plain or inside one gzip
/// stream (told apart by content, not by name). Nothing is allocated before the sizes in the header
/// agree with the bytes at hand. `name` opens every message.
/// Throws ReadError: wrong magic number, truncated, sizes that overflow, bytes left over, damaged
/// gzip stream.
/// Source: the format description on the MNIST page (LeCun, Cortes, Burges): magic 00 00 08 D, then
/// D sizes, big-endian.
IdxArray parse_idx(std::span<const std::uint8_t> bytes, int dimensions, const std::string& name);

}  // namespace hyena::datasets
