#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <random>

#include "kernels/cuda/method.h"
#include "tests/kernels/cuda/device_buffer.h"
#include "tests/kernels/cuda/launch_notes.h"
#include "tests/kernels/cuda/method_case.h"

/// Runs the methods at lengths that matter, so that HYENA_LAUNCHES (launch_notes.h) tells what
/// their kernels move. Results are not looked at; the tests do that.
///
/// The device is a 44th part of a GPU of 132 multiprocessors: 3 of them, their share of the second
/// cache, and 16 of 704 channels. Batches make 2^16 positions in all, 32 items at most.
namespace hyena::kernels::cuda {
namespace {

constexpr std::int64_t kChannels = 16, kPositions = 1 << 16, kMostItems = 32;
constexpr int kPart = 44;

void run(const MethodCase& c) {
  using host::Kind;
  const Shape s = c.shape();
  Device device = test_device();
  device.l2_bytes /= kPart;
  device.multiprocessors /= kPart;
  const auto method = choose_method(s, device, c.method);
  const std::int64_t L = s.length(), taps = s.taps_height * s.taps_width;

  std::mt19937 draw(1);
  std::normal_distribution<float> normal;
  const auto bytes_of_one = c.type == Type::kFloat32 ? 4 : 2;
  const auto buffer = [&](std::int64_t bytes, Kind kind) {
    DeviceBuffer b(static_cast<std::size_t>(bytes));
    host::set_kind(b.data(), kind);
    return b;
  };
  const auto signal = [&] {
    DeviceBuffer b = buffer(c.batch * s.channels * L * bytes_of_one, Kind::kSignal);
    for (std::int64_t i = 0; i < c.batch * s.channels * L; ++i) {
      if (c.type == Type::kFloat32) {
        static_cast<float*>(b.data())[i] = normal(draw);
      } else {
        static_cast<Bf16*>(b.data())[i] = from_float<Bf16>(normal(draw));
      }
    }
    return b;
  };
  const DeviceBuffer q = signal(), k = signal(), v = signal(), dy = signal();
  const DeviceBuffer y = signal(), dq = signal(), dk = signal(), dv = signal();
  const DeviceBuffer h = buffer(s.rows * taps * 4, Kind::kFilter);
  std::generate_n(static_cast<float*>(h.data()), s.rows * taps, [&] { return normal(draw); });
  const DeviceBuffer dh = buffer(s.rows * taps * 4, Kind::kFilter);
  const auto filter = buffer(static_cast<std::int64_t>(method->filter_bytes()), Kind::kFilter);
  const auto table = buffer(static_cast<std::int64_t>(method->table_bytes()), Kind::kTable);
  method->fill_table(table.data());
  const auto in = [&](const DeviceBuffer& b) {
    return ConstSequences{b.data(), s.channels * L, L};
  };
  const auto out = [&](const DeviceBuffer& b) { return Sequences{b.data(), s.channels * L, L}; };

  const auto pass = [&](const char* name, std::size_t workspace_bytes, auto&& f) {
    const auto workspace = buffer(static_cast<std::int64_t>(workspace_bytes), Kind::kWorkspace);
    const std::string size =
        (c.height > 1 ? std::to_string(c.height) + "x" : "") + std::to_string(c.width);
    host::begin_section(c.method + "\t" + size + (c.causal ? " causal" : "") + "\t" +
                        std::to_string(bytes_of_one) + "\t" + name + "\t" +
                        std::to_string(c.batch * s.channels * L) + "\t" +
                        std::to_string(s.rows * taps) + "\t" + std::to_string(c.batch));
    f(Call{table.data(), workspace.data(), nullptr});
  };
  pass("prepare", method->prepare_workspace(), [&](const Call& call) {
    method->prepare(call,
                    {static_cast<const float*>(h.data()), s.rows, s.taps_height, s.taps_width,
                     s.centre_row, s.centre_column, taps, s.taps_width, 1},
                    nullptr, filter.data());
  });
  pass("forward", method->forward_workspace(c.batch), [&](const Call& call) {
    method->forward(call, c.batch, filter.data(), in(q), in(k), in(v), out(y));
  });
  pass("backward", method->backward_workspace(c.batch), [&](const Call& call) {
    method->backward(call, c.batch, filter.data(), in(q), in(k), in(v), in(dy),
                     {out(dq),
                      out(dk),
                      out(dv),
                      {static_cast<float*>(dh.data()), s.rows, s.taps_height, s.taps_width,
                       s.centre_row, s.centre_column, taps, s.taps_width, 1},
                      nullptr});
  });
}

void run_all(const char* method, std::int64_t height, std::int64_t width, bool causal) {
  for (const Type type : {Type::kFloat32, Type::kBFloat16}) {
    MethodCase c;
    c.method = method;
    c.height = height;
    c.width = width;
    c.batch = std::clamp<std::int64_t>(kPositions / (height * width), 1, kMostItems);
    c.channels = kChannels;
    c.causal = causal;
    c.type = type;
    run(c);
  }
}

}  // namespace
}  // namespace hyena::kernels::cuda

int main() {
  using hyena::kernels::cuda::run_all;
  if (std::getenv("HYENA_LAUNCHES") == nullptr) {
    std::fputs("set HYENA_LAUNCHES to the file that shall be written\n", stderr);
    return 2;
  }
  for (const int length : {196, 256, 512, 1024}) run_all("toeplitz", 1, length, true);
  for (const int length : {196, 512}) run_all("toeplitz", 1, length, false);
  for (const int side : {14, 28, 40}) run_all("toeplitz", side, side, false);
  for (int length = 256; length <= 16384; length *= 2) run_all("fused_fft", 1, length, true);
  for (const int length : {1 << 15, 1 << 16}) run_all("four_step", 1, length, true);
  for (const int side : {56, 112, 224}) run_all("grid_fft", side, side, false);
}
