#include "kernels/cuda/short_conv.h"

#include <cmath>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/kernels/cuda/device_buffer.h"
#include "tests/kernels/number_types.h"

namespace hyena::kernels::cuda {
namespace {

using Values = std::vector<double>;

struct Tally {
  double wrong = 0, whole = 0;
  void add(double actual, double expected) {
    wrong += (actual - expected) * (actual - expected);
    whole += expected * expected;
    if (!std::isfinite(actual)) wrong = INFINITY;
  }
  double error() const { return whole > 0 ? std::sqrt(wrong / whole) : std::sqrt(wrong); }
};

/// A signal in the device's memory, in one of the two orders, with a gap behind each line.
struct Tensor {
  Tensor(const ShortConvShape& s, bool last, const Values& values)
      : type(s.type),
        channels(s.channels),
        positions(s.height * s.width),
        pitch((last ? channels : positions) + 3),
        channels_last(last),
        count(s.batch * (last ? positions : channels) * pitch),
        buffer(static_cast<std::size_t>(count) * bytes_of(s.type)) {
    std::vector<unsigned char> bytes(buffer.bytes(), 0xFF);
    for (std::size_t n = 0; n < values.size(); ++n) {
      write_element(type, bytes.data(), index(static_cast<std::int64_t>(n)), values[n]);
    }
    buffer.copy_from(bytes.data());
  }
  std::int64_t index(std::int64_t n) const {
    const std::int64_t t = n % positions, d = n / positions % channels;
    const std::int64_t b = n / positions / channels;
    return channels_last ? (b * positions + t) * pitch + d : (b * channels + d) * pitch + t;
  }
  ShortSignal out() const {
    return channels_last ? ShortSignal{buffer.data(), positions * pitch, 1, pitch}
                         : ShortSignal{buffer.data(), channels * pitch, pitch, 1};
  }
  ConstShortSignal in() const {
    const ShortSignal s = out();
    return {s.data, s.batch, s.channel, s.position};
  }
  Values values(std::size_t size) const {
    std::vector<unsigned char> bytes(buffer.bytes());
    buffer.copy_to(bytes.data());
    Values result(size);
    for (std::size_t n = 0; n < size; ++n) {
      result[n] = read_element(type, bytes.data(), index(static_cast<std::int64_t>(n)));
    }
    const std::int64_t line = channels_last ? channels : positions;
    for (std::int64_t i = 0; i < count; ++i) {
      if (i % pitch >= line && !std::isnan(read_element(type, bytes.data(), i))) {
        ADD_FAILURE() << "written behind a line";
        break;
      }
    }
    return result;
  }

  Type type;
  std::int64_t channels, positions, pitch;
  bool channels_last;
  std::int64_t count;
  DeviceBuffer buffer;
};

std::string name(const ShortConvShape& s, bool last) {
  return std::to_string(s.batch) + " x " + std::to_string(s.channels) + " x " +
         std::to_string(s.height) + " x " + std::to_string(s.width) + ", kernel " +
         std::to_string(s.kernel_height) + " x " + std::to_string(s.kernel_width) + ", centre " +
         std::to_string(s.centre_column) + (last ? ", channels last, " : ", channels first, ") +
         type_name(s.type);
}

/// Everything against direct sums in float64.
void expect_exact(const ShortConvShape& s, bool last) {
  std::mt19937_64 draw(5);
  std::normal_distribution<double> normal;
  const auto random = [&](std::int64_t count, Type type) {
    Values out(static_cast<std::size_t>(count));
    for (double& x : out) x = rounded(type, normal(draw));
    return out;
  };
  const std::int64_t positions = s.height * s.width, taps = s.kernel_height * s.kernel_width;
  const Values x = random(s.batch * s.channels * positions, s.type);
  const Values dy = random(s.batch * s.channels * positions, s.type);
  const Values weight = random(s.channels * taps, Type::kFloat32);
  const Values bias = random(s.channels, Type::kFloat32);

  const Tensor tx(s, last, x), tdy(s, last, dy), ty(s, last, {}), tdx(s, last, {});
  const auto floats = [](const Values& v) { return std::vector<float>(v.begin(), v.end()); };
  const DeviceBuffer tw = DeviceBuffer::of(floats(weight)), tb = DeviceBuffer::of(floats(bias));
  const DeviceBuffer tdw(weight.size() * 4), tdb(bias.size() * 4);
  const DeviceBuffer workspace(short_conv_workspace(s));
  const auto* w = static_cast<const float*>(tw.data());
  short_conv_forward(s, tx.in(), w, static_cast<const float*>(tb.data()), ty.out(), nullptr);
  short_conv_backward(s, tx.in(), w, tdy.in(), tdx.out(), static_cast<float*>(tdw.data()),
                      static_cast<float*>(tdb.data()), workspace.data(), nullptr);
  const Values y = ty.values(x.size()), dx = tdx.values(x.size());
  const std::vector<float> dw = tdw.values<float>(), db = tdb.values<float>();

  Tally of_y, of_dx, of_dw, of_db;
  for (std::int64_t c = 0; c < s.channels; ++c) {
    Values wanted_dw(static_cast<std::size_t>(taps), 0.0);
    double wanted_db = 0;
    for (std::int64_t b = 0; b < s.batch; ++b) {
      const auto first = static_cast<std::size_t>((b * s.channels + c) * positions);
      Values wanted_y(static_cast<std::size_t>(positions), bias[static_cast<std::size_t>(c)]);
      Values wanted_dx(wanted_y.size(), 0.0);
      for (std::int64_t p = 0; p < positions; ++p) {
        const auto here = static_cast<std::size_t>(p);
        wanted_db += dy[first + here];
        for (std::int64_t tap = 0; tap < taps; ++tap) {
          const std::int64_t row = p / s.width + tap / s.kernel_width - s.centre_row;
          const std::int64_t column = p % s.width + tap % s.kernel_width - s.centre_column;
          if (row < 0 || row >= s.height || column < 0 || column >= s.width) continue;
          const auto there = static_cast<std::size_t>(row * s.width + column);
          const double factor = weight[static_cast<std::size_t>(c * taps + tap)];
          wanted_y[here] += factor * x[first + there];
          wanted_dx[there] += factor * dy[first + here];
          wanted_dw[static_cast<std::size_t>(tap)] += x[first + there] * dy[first + here];
        }
      }
      for (std::size_t p = 0; p < wanted_y.size(); ++p) {
        of_y.add(y[first + p], wanted_y[p]);
        of_dx.add(dx[first + p], wanted_dx[p]);
      }
    }
    for (std::size_t tap = 0; tap < wanted_dw.size(); ++tap) {
      of_dw.add(dw[static_cast<std::size_t>(c * taps) + tap], wanted_dw[tap]);
    }
    of_db.add(db[static_cast<std::size_t>(c)], wanted_db);
  }
  const double limit = s.type == Type::kFloat32 ? 1e-6 : s.type == Type::kFloat16 ? 1e-3 : 4e-3;
  EXPECT_LT(of_y.error(), limit) << name(s, last);
  EXPECT_LT(of_dx.error(), limit) << name(s, last);
  EXPECT_LT(of_dw.error(), 5e-6) << name(s, last);  // float32, whatever the signal
  EXPECT_LT(of_db.error(), 5e-6) << name(s, last);
}

ShortConvShape line(std::int64_t length, std::int64_t channels, std::int64_t taps, bool causal) {
  ShortConvShape s;
  s.batch = 3;
  s.width = length;
  s.channels = channels;
  s.kernel_width = taps;
  s.centre_column = causal ? taps - 1 : (taps - 1) / 2;
  return s;
}
ShortConvShape grid(std::int64_t height, std::int64_t width, std::int64_t channels,
                    std::int64_t kernel_height, std::int64_t kernel_width) {
  ShortConvShape s;
  s.batch = 2;
  s.height = height;
  s.width = width;
  s.channels = channels;
  s.kernel_height = kernel_height;
  s.kernel_width = kernel_width;
  s.centre_row = kernel_height / 2;
  s.centre_column = kernel_width / 2;
  return s;
}

TEST(ShortConvOnGpu, EveryNumberOfTapsOnLines) {
  for (std::int64_t taps = 1; taps <= 16; ++taps) {
    for (const bool causal : {true, false}) {
      for (const std::int64_t length : {1, 2, 7, 33}) {
        for (const bool last : {false, true}) expect_exact(line(length, 3, taps, causal), last);
      }
    }
  }
}

TEST(ShortConvOnGpu, LinesOfManyTilesAndChannels) {
  for (const bool last : {false, true}) {
    expect_exact(line(2500, 3, 3, true), last);
    expect_exact(line(1025, 17, 4, false), last);
    expect_exact(line(196, 70, 16, false), last);
    expect_exact(line(33, 1, 3, true), last);
  }
}

/// So many that a block of the weights' gradient sums over several tiles.
TEST(ShortConvOnGpu, ManyItems) {
  ShortConvShape s = line(2, 1500, 3, true);
  s.batch = 5;
  expect_exact(s, false);
  s = line(1, 1, 3, false);
  s.batch = 4500;
  expect_exact(s, true);
}

TEST(ShortConvOnGpu, Grids) {
  for (const bool last : {false, true}) {
    for (const auto& [height, width] : {std::pair{1, 1}, {1, 7}, {7, 7}, {5, 14}, {40, 37}}) {
      expect_exact(grid(height, width, 5, 3, 3), last);
    }
    expect_exact(grid(14, 14, 40, 5, 5), last);
    expect_exact(grid(9, 130, 3, 3, 7), last);
    expect_exact(grid(19, 21, 3, 16, 15), last);
    expect_exact(grid(1, 20, 3, 3, 1), last);
  }
}

TEST(ShortConvOnGpu, Types) {
  for (const Type type : {Type::kFloat16, Type::kBFloat16}) {
    for (const bool last : {false, true}) {
      ShortConvShape s = line(300, 5, 3, true);
      s.type = type;
      expect_exact(s, last);
      s = grid(12, 9, 34, 3, 3);
      s.type = type;
      expect_exact(s, last);
    }
  }
}

/// Null gradients are left out, an absent bias is zero, no items leave gradients of zero.
TEST(ShortConvOnGpu, WhatIsAbsent) {
  ShortConvShape s = line(40, 2, 3, true);
  s.batch = 1;
  const Values x(80, 0.5);
  const Tensor tx(s, false, x), ty(s, false, {});
  const DeviceBuffer w = DeviceBuffer::of(std::vector<float>{1, 2, 4, 8, 16, 32});
  const DeviceBuffer dw(6 * 4), workspace(short_conv_workspace(s));
  const auto* weight = static_cast<const float*>(w.data());
  short_conv_forward(s, tx.in(), weight, nullptr, ty.out(), nullptr);
  EXPECT_EQ(ty.values(80)[40], 16);
  EXPECT_EQ(ty.values(80)[79], 28);
  short_conv_backward(s, tx.in(), weight, tx.in(), {}, static_cast<float*>(dw.data()), nullptr,
                      workspace.data(), nullptr);
  EXPECT_EQ(dw.values<float>()[2], 10);
  s.batch = 0;
  short_conv_backward(s, tx.in(), weight, tx.in(), {}, static_cast<float*>(dw.data()), nullptr,
                      workspace.data(), nullptr);
  EXPECT_EQ(dw.values<float>(), std::vector<float>(6, 0.0F));
}

TEST(ShortConvOnGpu, RefusesWhatItCannotTake) {
  const std::vector<float> a(64, 0.5F);
  const auto refusal = [&](ShortConvShape s, std::int64_t channel,
                           std::int64_t position) -> std::string {
    try {
      short_conv_forward(s, {a.data(), 8, channel, position}, a.data(), nullptr, {}, nullptr);
    } catch (const ArgumentError& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(refusal(line(0, 2, 3, true), 1, 1),
            "short_conv_forward: width must be 1 to 1073741824, got 0");
  EXPECT_EQ(refusal(line(4, 2, 17, true), 4, 1),
            "short_conv_forward: kernel width must be 1 to 16, got 17");
  EXPECT_EQ(refusal(line(4, 2, 3, true), 8, 2),
            "short_conv_forward: neighbours must be positions in all signals, or channels in all");
  ShortConvShape s = line(4, 2, 3, true);
  s.centre_column = 3;
  EXPECT_EQ(refusal(s, 4, 1),
            "short_conv_forward: centre must be one of the 1 x 3 taps, got (0, 3)");
}

}  // namespace
}  // namespace hyena::kernels::cuda
