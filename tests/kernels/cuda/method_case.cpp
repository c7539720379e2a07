#include "tests/kernels/cuda/method_case.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <span>
#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>

#include "kernels/reference/fftconv.h"
#include "tests/kernels/cuda/device_buffer.h"
#include "tests/kernels/number_types.h"

namespace hyena::kernels::cuda {
namespace {

constexpr std::int64_t kFullSums = 2048, kPlaces = 200;
constexpr std::int64_t kGap = 8;  // elements between the rows of a tensor

using Values = std::vector<double>;

/// A (B, D, L) tensor: its numbers, and the same in the device's memory with gaps.
struct Tensor {
  Tensor(const MethodCase& c, const Values& values)
      : length(c.height * c.width),
        first(c.odd_rows ? 1 : 0),
        row((length + kGap + 7) / 8 * 8 + first),
        items(c.batch),
        channels(c.channels),
        type(c.type),
        buffer(static_cast<std::size_t>(first + items * channels * row) * bytes_of(type)) {
    bytes.assign(buffer.bytes(), 0xFF);
    for (std::int64_t i = 0; i < static_cast<std::int64_t>(values.size()); ++i) {
      write_element(type, bytes.data(), first + i / length * row + i % length,
                    values[static_cast<std::size_t>(i)]);
    }
    buffer.copy_from(bytes.data());
  }
  Sequences out() const { return {start(), channels * row, row}; }
  ConstSequences in() const { return {start(), channels * row, row}; }

  /// The device's numbers; nothing may have been written between the rows.
  Values values() const {
    std::vector<unsigned char> now(bytes.size());
    buffer.copy_to(now.data());
    Values result;
    for (std::int64_t r = 0; r < items * channels; ++r) {
      for (std::int64_t t = 0; t < length; ++t) {
        result.push_back(read_element(type, now.data(), first + r * row + t));
      }
      const auto from = static_cast<std::size_t>(first + r * row + length) * bytes_of(type);
      const auto to = static_cast<std::size_t>(first + (r + 1) * row) * bytes_of(type);
      if (!std::all_of(now.begin() + static_cast<std::ptrdiff_t>(from),
                       now.begin() + static_cast<std::ptrdiff_t>(to),
                       [](unsigned char x) { return x == 0xFF; })) {
        throw std::logic_error("the gap behind row " + std::to_string(r) + " was written to");
      }
    }
    return result;
  }

  void* start() const {
    return static_cast<unsigned char*>(buffer.data()) +
           static_cast<std::size_t>(first) * bytes_of(type);
  }

  std::int64_t length, first, row, items, channels;
  Type type;
  DeviceBuffer buffer;
  std::vector<unsigned char> bytes;
};

Values random_values(std::mt19937_64& draw, std::int64_t count, Type type, double scale = 1) {
  std::normal_distribution<double> normal(0, scale);
  Values values(static_cast<std::size_t>(count));
  for (double& x : values) x = rounded(type, normal(draw));
  return values;
}

/// Convolutions of one channel as direct sums, forward and back, at some places.
class Exact {
 public:
  explicit Exact(const Shape& s)
      : s_(s), grid_{s.grid.height, s.grid.width,    s.taps_height,  s.taps_width,
                     s.centre_row,  s.centre_column, s.grid.circular} {}

  double y(std::span<const double> u, std::span<const double> h, std::int64_t t) const {
    if (s_.sequence()) return reference::output_at(u, h, s_.centre_column, t);
    return sum(u, h, t, +1);
  }
  double du(std::span<const double> dc, std::span<const double> h, std::int64_t t) const {
    if (s_.sequence()) return reference::signal_gradient_at(dc, h, s_.centre_column, t);
    return sum(dc, h, t, -1);
  }
  double dh(std::span<const double> dc, std::span<const double> u, std::int64_t a) const {
    if (s_.sequence()) return reference::tap_gradient_at(dc, u, s_.centre_column, a);
    double total = 0;
    for (std::int64_t t = 0; t < s_.length(); ++t) {
      const auto at = neighbour(t, a, +1);
      if (at >= 0) total += dc[static_cast<std::size_t>(t)] * u[static_cast<std::size_t>(at)];
    }
    return total;
  }

 private:
  /// The position that tap `a` joins to t, or −1 outside the grid.
  std::int64_t neighbour(std::int64_t t, std::int64_t a, int sign) const {
    const std::int64_t H = s_.grid.height, W = s_.grid.width;
    std::int64_t i = t / W + sign * (s_.centre_row - a / s_.taps_width);
    std::int64_t j = t % W + sign * (s_.centre_column - a % s_.taps_width);
    if (s_.grid.circular) {
      i = (i % H + H) % H;
      j = (j % W + W) % W;
    }
    return i >= 0 && i < H && j >= 0 && j < W ? i * W + j : -1;
  }
  double sum(std::span<const double> x, std::span<const double> h, std::int64_t t, int sign) const {
    double total = 0;
    for (std::size_t a = 0; a < h.size(); ++a) {
      const auto at = neighbour(t, static_cast<std::int64_t>(a), sign);
      if (at >= 0) total += h[a] * x[static_cast<std::size_t>(at)];
    }
    return total;
  }
  const Shape& s_;
  reference::Grid grid_;
};

/// Relative L2 error, gathered.
struct Error {
  double difference = 0, norm = 0;
  void add(double got, double wanted) { add(got, wanted, wanted); }
  void add(double got, double wanted, double scale) {
    difference += (got - wanted) * (got - wanted);
    norm += scale * scale;
    if (!std::isfinite(got)) difference = INFINITY;
  }
  double value() const { return norm > 0 ? std::sqrt(difference / norm) : std::sqrt(difference); }
};

std::vector<std::int64_t> places(std::int64_t count, std::mt19937_64& draw) {
  std::vector<std::int64_t> all(static_cast<std::size_t>(count));
  std::iota(all.begin(), all.end(), 0);
  if (count <= 4 * kFullSums) return all;
  std::shuffle(all.begin(), all.end(), draw);
  all.resize(kPlaces);
  return all;
}

}  // namespace

Shape MethodCase::shape() const {
  Shape s;
  s.grid = {height, width, circular};
  s.channels = channels;
  s.type = type;
  s.rows = rows != 0 ? rows : channels;
  const bool line = height == 1 && !circular;
  s.taps_height = taps_height != 0 ? taps_height : line ? 1 : 2 * height - 1;
  s.taps_width = taps_width != 0 ? taps_width : causal ? width : 2 * width - 1;
  s.centre_row = s.taps_height / 2;
  s.centre_column = causal ? 0 : s.taps_width / 2;
  return s;
}

std::string MethodCase::name() const {
  const Shape s = shape();
  std::string text = method + ", ";
  if (height > 1 || circular) text += std::to_string(height) + " x ";
  text += std::to_string(width) +
          (causal     ? " causal"
           : circular ? " circular"
                      : "") +
          ", B " + std::to_string(batch) + ", D " + std::to_string(channels) + ", taps " +
          std::to_string(s.taps_height) + " x " + std::to_string(s.taps_width);
  if (s.rows != channels) text += ", rows " + std::to_string(s.rows);
  if (size != 1) text += ", size " + std::to_string(size);
  if (!q) text += ", no q";
  if (!k) text += ", no k";
  if (!bias) text += ", no bias";
  if (odd_rows) text += ", odd rows";
  return text + ", " + type_name(type);
}

MethodErrors errors_of(const MethodCase& c) {
  const Shape s = c.shape();
  Device device = test_device();
  if (c.multiprocessors != 0) device.multiprocessors = c.multiprocessors;
  if (c.shared_per_block != 0) device.shared_per_block = c.shared_per_block;
  if (c.l2_bytes != 0) device.l2_bytes = c.l2_bytes;
  const auto method = choose_method(s, device, c.method);
  std::mt19937_64 draw(c.seed);
  const std::int64_t L = s.length(), D = c.channels, B = c.batch;
  const std::int64_t count = B * D * L, taps = s.taps_height * s.taps_width;
  const Values q = random_values(draw, count, c.type);
  const Values k = random_values(draw, count, c.type, c.size);
  const Values v = random_values(draw, count, c.type, c.size);
  const Values dy = random_values(draw, count, c.type);
  const Values h =
      random_values(draw, s.rows * taps, Type::kFloat32,
                    1 / (c.size * c.size * std::sqrt(static_cast<double>(std::min(taps, L)))));
  const Values bias = random_values(draw, D, Type::kFloat32, 1 / (c.size * c.size));

  // ---- the device
  Tensor tq(c, q), tk(c, k), tv(c, v), tdy(c, dy), ty(c, {}), tdq(c, {}), tdk(c, {}), tdv(c, {});
  const auto floats = [](const Values& x) { return std::vector<float>(x.begin(), x.end()); };
  const DeviceBuffer th = DeviceBuffer::of(floats(h)), tbias = DeviceBuffer::of(floats(bias));
  const DeviceBuffer tdh(h.size() * 4), tdbias(bias.size() * 4);
  const auto grid_taps = [&](const DeviceBuffer& b) {
    return GridTaps{b.data(),     s.rows,       s.taps_height,
                    s.taps_width, s.centre_row, s.centre_column,
                    taps,         s.taps_width, 1};
  };
  const GridTaps h_taps = grid_taps(th);
  std::vector<unsigned char> table_bytes(method->table_bytes());
  method->fill_table(table_bytes.data());
  const DeviceBuffer table = DeviceBuffer::of(table_bytes), filter(method->filter_bytes());
  const auto call = [&](const DeviceBuffer& workspace) {
    return Call{table.data(), workspace.data(), nullptr};
  };
  const auto* pbias = static_cast<const float*>(c.bias ? tbias.data() : nullptr);
  const auto absent = [](bool there, const ConstSequences& x) {
    return there ? x : ConstSequences();
  };
  {
    const DeviceBuffer workspace(method->prepare_workspace());
    method->prepare(call(workspace),
                    {h_taps.data, h_taps.rows, h_taps.height, h_taps.width, h_taps.centre_row,
                     h_taps.centre_column, h_taps.channel, h_taps.row, h_taps.tap},
                    pbias, filter.data());
  }
  {
    const DeviceBuffer workspace(method->forward_workspace(B));
    method->forward(call(workspace), B, filter.data(), absent(c.q, tq.in()), absent(c.k, tk.in()),
                    tv.in(), ty.out());
  }
  {
    const DeviceBuffer workspace(method->backward_workspace(B));
    method->backward(call(workspace), B, filter.data(), absent(c.q, tq.in()), absent(c.k, tk.in()),
                     tv.in(), tdy.in(),
                     {c.q ? tdq.out() : Sequences(), c.k ? tdk.out() : Sequences(), tdv.out(),
                      grid_taps(tdh), static_cast<float*>(tdbias.data())});
  }
  const Values y = ty.values(), dv = tdv.values();
  const Values dq = c.q ? tdq.values() : Values(), dk = c.k ? tdk.values() : Values();
  const std::vector<float> dh = tdh.values<float>(), db = tdbias.values<float>();

  // ---- the definition
  const Exact exact(s);
  Error ey, edq, edk, edv, edh, edb;
  const auto at_positions = places(L, draw), at_taps = places(taps, draw);
  std::vector<Values> dh_wanted(static_cast<std::size_t>(s.rows), Values(at_taps.size()));
  for (std::int64_t d = 0; d < D; ++d) {
    const std::span<const double> hd(&h[static_cast<std::size_t>(d % s.rows * taps)],
                                     static_cast<std::size_t>(taps));
    const double skip = c.bias ? bias[static_cast<std::size_t>(d)] : 0;
    double db_sum = 0, db_terms = 0;
    for (std::int64_t b = 0; b < B; ++b) {
      const auto first = static_cast<std::size_t>((b * D + d) * L);
      Values u(static_cast<std::size_t>(L)), dc(u.size());
      for (std::size_t t = 0; t < u.size(); ++t) {
        u[t] = v[first + t] * (c.k ? k[first + t] : 1);
        dc[t] = dy[first + t] * (c.q ? q[first + t] : 1);
        db_sum += u[t] * dc[t];
        db_terms += std::abs(u[t] * dc[t]);
      }
      for (const std::int64_t p : at_positions) {
        const auto t = static_cast<std::size_t>(p), i = first + t;
        const double conv = exact.y(u, hd, p) + skip * u[t];
        const double du = exact.du(dc, hd, p) + skip * dc[t];
        ey.add(y[i], conv * (c.q ? q[i] : 1));
        edv.add(dv[i], du * (c.k ? k[i] : 1));
        if (c.q) edq.add(dq[i], conv * dy[i]);
        if (c.k) edk.add(dk[i], du * v[i]);
      }
      for (std::size_t n = 0; n < at_taps.size(); ++n) {
        dh_wanted[static_cast<std::size_t>(d % s.rows)][n] += exact.dh(dc, u, at_taps[n]);
      }
    }
    edb.add(db[static_cast<std::size_t>(d)], db_sum, db_terms);
  }
  for (std::int64_t g = 0; g < s.rows; ++g) {
    for (std::size_t n = 0; n < at_taps.size(); ++n) {
      edh.add(dh[static_cast<std::size_t>(g * taps + at_taps[n])],
              dh_wanted[static_cast<std::size_t>(g)][n]);
    }
  }
  return {ey.value(), edq.value(), edk.value(), edv.value(), edh.value(), edb.value()};
}

void expect_exact(const MethodCase& c) {
  const MethodErrors e = errors_of(c);
  const double limit = c.type == Type::kFloat32 ? 2e-6 : c.type == Type::kFloat16 ? 1e-3 : 4e-3;
  const double of_taps = c.type == Type::kFloat32 ? 1e-5 : limit;
  EXPECT_LT(e.y, limit) << c.name();
  EXPECT_LT(e.dq, limit) << c.name();
  EXPECT_LT(e.dk, limit) << c.name();
  EXPECT_LT(e.dv, limit) << c.name();
  EXPECT_LT(e.dh, of_taps) << c.name();
  EXPECT_LT(e.db, limit) << c.name();
}

}  // namespace hyena::kernels::cuda
