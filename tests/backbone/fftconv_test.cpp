#include "backbone/ops/fftconv.h"

#include <optional>
#include <span>

#include <ATen/ATen.h>
#include <ATen/autocast_mode.h>
#include <gtest/gtest.h>

#include "backbone/ops/compat.h"
#include "kernels/reference/fftconv.h"
#include "tests/support/files.h"
#include "tests/support/tensors.h"

namespace hyena::backbone {
namespace {

using tests::close;

std::span<const double> values(const at::Tensor& t) {
  return {t.data_ptr<double>(), static_cast<std::size_t>(t.numel())};
}
std::span<double> room(at::Tensor& t) {
  return {t.data_ptr<double>(), static_cast<std::size_t>(t.numel())};
}

/// Every golden case computes y, then the gradients of sum(y · c).
class GoldenFftConv : public testing::TestWithParam<std::string> {};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(GoldenFftConv);

TEST_P(GoldenFftConv, EqualsTheReferenceWithGradients) {
  const auto stem = tests::golden_dir() / "fftconv" / GetParam();
  const auto config = tests::read_config(stem.string() + ".json");
  auto t = tests::read_tensors(stem.string() + ".safetensors");
  const std::string kind = config.at("kind");
  for (auto& [name, tensor] : t) {
    if (t.contains("grad." + name)) tensor.set_requires_grad(true);
  }
  const auto flat = [](const at::Tensor& x) { return x.flatten(); };

  at::Tensor y;
  if (kind == "causal") {
    y = fftconv(t["u"], t["k"], t["D"]);
  } else if (kind == "gated") {
    y = gated_fftconv(t["x0"], t["x1"], t["v"], t["k"], t["D"]);
  } else if (kind == "causal_gelu_mask") {
    y = at::gelu(fftconv(t["u"], t["k"], t["D"])) * t["dropout_mask"].unsqueeze(-1);
  } else if (kind == "bidirectional_krev") {
    // Lags 0 … L−1 of k forwards, lags 0 … L−1 of k_rev backwards; lag 0 counts in both.
    y = fftconv(t["u"], t["k"], t["D"]) + fftconv(t["u"].flip(2), t["k_rev"]).flip(2);
  } else if (kind == "bidirectional_centred") {
    y = fftconv(t["u"], t["k"], t["D"], Support::kCentred);
  } else if (kind == "conv2d_zero_padded") {
    y = fftconv2d(t["u"], t["k"].squeeze(0), flat(t["D"]));
  } else if (kind == "conv2d_circular") {
    y = fftconv2d(t["u"], t["k"].squeeze(0), t.contains("D") ? flat(t["D"]) : at::Tensor(),
                  Boundary::kCircular, /*centred=*/false);
  } else if (kind.starts_with("hyenadna_bidirectional")) {
    y = compat_hyenadna_bidirectional_fftconv(t["u"], t["k"], t["D"]);
  } else if (kind == "h3" && config.at("head_dim") == 1) {
    y = gated_fftconv(t["q"], t["k"], t["v"], t["ssm_kernel"], t["D"]);
  } else {
    GTEST_SKIP() << "the mixer of '" << GetParam() << "' (" << kind << ") does not exist yet";
  }
  EXPECT_TRUE(close(y, t["y"], 1e-10));

  (y * t["c"]).sum().backward();
  for (const auto& [name, tensor] : t) {
    if (!t.contains("grad." + name)) continue;
    EXPECT_TRUE(close(tensor.grad(), t["grad." + name], 1e-10)) << "gradient of " << name;
  }
}

INSTANTIATE_TEST_SUITE_P(Folder, GoldenFftConv, testing::ValuesIn(tests::golden_cases("fftconv")),
                         [](const auto& case_) { return tests::test_name(case_.param); });

TEST(FftConv, EqualsDirectSumsForAwkwardLengthsAndTaps) {
  at::manual_seed(1);
  for (const std::int64_t length : {1, 2, 3, 7, 31, 48, 97}) {
    for (const std::int64_t taps :
         {std::int64_t{1}, std::int64_t{2}, length, 2 * length - 1, 2 * length + 5}) {
      for (const Support support : {Support::kCausal, Support::kCentred}) {
        const auto u = at::randn({2, 3, length}, at::kDouble);
        const auto h = at::randn({3, taps}, at::kDouble);
        const auto y = fftconv(u, h, {}, support);
        auto expected = at::empty_like(u);
        for (std::int64_t b = 0; b < 2; ++b) {
          for (std::int64_t d = 0; d < 3; ++d) {
            auto out = at::empty({length}, at::kDouble);
            kernels::reference::convolve(values(u[b][d]), values(h[d]),
                                         support == Support::kCausal ? 0 : taps / 2, room(out));
            expected[b][d] = out;
          }
        }
        EXPECT_TRUE(close(y, expected, 1e-12)) << "L " << length << ", K " << taps;
      }
    }
  }
}

TEST(FftConv2d, EqualsDirectSumsOnRectanglesForBothBoundaries) {
  at::manual_seed(2);
  for (const auto& [height, width] : {std::pair{1, 1}, {3, 5}, {7, 4}, {14, 10}}) {
    for (const auto& [kh, kw] : {std::pair{1, 1}, {4, 3}, {13, 9}, {31, 27}}) {
      for (const bool circular : {false, true}) {
        const auto u = at::randn({1, 2, height, width}, at::kDouble);
        const auto h = at::randn({2, kh, kw}, at::kDouble);
        const auto y = fftconv2d(u, h, {}, circular ? Boundary::kCircular : Boundary::kZero);
        const kernels::reference::Grid grid{.height = height,
                                            .width = width,
                                            .kernel_height = kh,
                                            .kernel_width = kw,
                                            .centre_row = kh / 2,
                                            .centre_column = kw / 2,
                                            .circular = circular};
        auto expected = at::empty_like(u);
        for (std::int64_t d = 0; d < 2; ++d) {
          auto out = at::empty({height, width}, at::kDouble);
          kernels::reference::convolve2d(grid, values(u[0][d]), values(h[d]), room(out));
          expected[0][d] = out;
        }
        EXPECT_TRUE(close(y, expected, 1e-12)) << height << "x" << width << ", kernel " << kh << "x"
                                               << kw << ", circular " << circular;
      }
    }
  }
}

/// Kernels and composition are two ways to the same numbers, whatever the layout of the arguments.
TEST(FftConv, KernelsEqualTheComposition) {
  at::manual_seed(7);
  const auto leaf = [](const at::Tensor& x) { return x.detach().clone().set_requires_grad(true); };
  const auto run = [&](bool composed, at::ScalarType type, const std::vector<at::Tensor>& start) {
    std::vector<at::Tensor> in;
    for (const auto& x : start) in.push_back(leaf(x.to(type)));
    std::optional<Composition> composition;
    if (composed) composition.emplace();
    // Slices of one channels-last projection, a channels-first gate, an expanded one.
    const auto parts = in[0].transpose(1, 2).chunk(2, 1);
    const auto y = gated_fftconv(in[1], parts[0], parts[1], in[2].t(), in[3], Support::kCentred);
    const auto map = gated_fftconv2d(y.unflatten(2, {8, 12}), {}, in[4].expand({3, 5, 8, 12}),
                                     in[5], {}, Boundary::kCircular);
    (map * at::arange(12, map.options()).cos()).sum().backward();
    in.push_back(map);
    std::vector<at::Tensor> out = {map.detach()};
    for (std::size_t i = 0; i + 1 < in.size(); ++i) out.push_back(in[i].grad());
    return out;
  };
  const std::vector<at::Tensor> start = {at::randn({3, 96, 10}),   at::randn({3, 5, 96}),
                                         at::randn({191, 5}),      at::randn({5}),
                                         at::randn({3, 5, 1, 12}), at::randn({5, 7, 9})};
  const auto exact = run(true, at::kDouble, start);
  for (const auto& [type, tolerance] : {std::pair{at::kDouble, 1e-13}, {at::kFloat, 2e-6}}) {
    const auto kernels = run(false, type, start);
    for (std::size_t i = 0; i < exact.size(); ++i) {
      EXPECT_TRUE(close(kernels[i], exact[i], tolerance)) << type << ", result " << i;
    }
  }
}

TEST(FftConv, AnEmptyBatchHasEmptyGradients) {
  const auto u = at::randn({0, 4, 6}).set_requires_grad(true);
  const auto h = at::randn({4, 6}).set_requires_grad(true);
  const auto y = fftconv(u, h);
  EXPECT_EQ(y.sizes(), (std::vector<std::int64_t>{0, 4, 6}));
  y.sum().backward();
  EXPECT_EQ(h.grad().abs().sum().item<float>(), 0);
}

TEST(FftConv, SharesFilterRowsAmongGroupsOfChannels) {
  at::manual_seed(3);
  const auto u = at::randn({2, 6, 9}, at::kDouble), h = at::randn({2, 9}, at::kDouble);
  EXPECT_TRUE(close(fftconv(u, h), fftconv(u, h.repeat({3, 1})), 1e-14));
}

TEST(FftConv, GradientsEqualCentralDifferences) {
  at::manual_seed(4);
  const auto leaf = [](at::IntArrayRef shape) {
    return at::randn(shape, at::kDouble).set_requires_grad(true);
  };
  const auto c = at::randn({2, 2, 5}, at::kDouble);
  const double error = tests::gradient_error(
      [&](const std::vector<at::Tensor>& in) {
        return (gated_fftconv(in[0], in[1], in[2], in[3], in[4], Support::kCentred) * c).sum();
      },
      {leaf({2, 2, 5}), leaf({2, 2, 5}), leaf({2, 2, 5}), leaf({2, 9}), leaf({2})});
  EXPECT_LT(error, 1e-8);
}

TEST(FftConv, ComputesInFloat32UnderAutocastAndForLowPrecisionInputs) {
  at::manual_seed(5);
  const auto u = at::randn({1, 4, 256}), h = at::randn({4, 256});
  const auto exact = fftconv(u.to(at::kDouble), h.to(at::kDouble));
  at::autocast::set_autocast_enabled(at::kCPU, true);
  const auto under_autocast = fftconv(u, h);
  at::autocast::set_autocast_enabled(at::kCPU, false);
  at::autocast::clear_cache();
  EXPECT_TRUE(close(under_autocast, exact, 2e-6));

  const auto low = u.to(at::kBFloat16);
  const auto y = fftconv(low, h);
  EXPECT_EQ(y.scalar_type(), at::kBFloat16);
  EXPECT_TRUE(close(y, fftconv(low.to(at::kDouble), h.to(at::kDouble)), 4e-3));
}

TEST(FftConv, ReadsTransposedViews) {
  at::manual_seed(6);
  const auto u = at::randn({2, 11, 3}, at::kDouble), h = at::randn({11, 3}, at::kDouble);
  EXPECT_TRUE(close(fftconv(u.transpose(1, 2), h.t()),
                    fftconv(u.transpose(1, 2).contiguous(), h.t().contiguous()), 1e-15));
}

TEST(FftConv, RefusesWrongShapesInTheUsersWords) {
  const auto u = at::randn({2, 4, 8});
  const auto message = [](auto&& f) -> std::string {
    try {
      f();
    } catch (const c10::Error& error) {
      return error.what_without_backtrace();
    }
    return "";
  };
  EXPECT_EQ(message([&] {
              fftconv(u, at::randn({3, 8}));
            }),
            "fftconv: filter h must be (G, K) with G dividing D=4, got [3, 8] Float on cpu");
  EXPECT_EQ(message([&] {
              fftconv(u[0], at::randn({4, 8}));
            }),
            "fftconv: signal u must be a floating-point (B, D, L), got [4, 8] Float on cpu");
  EXPECT_EQ(message([&] {
              fftconv(at::randn({2, 4, 0}), at::randn({4, 8}));
            }),
            "fftconv: signal u has no positions: [2, 4, 0]");
  EXPECT_EQ(message([&] {
              fftconv(u, at::randn({4, 8}), at::randn({3}));
            }),
            "fftconv: bias must be (D=4) on cpu, got [3] Float on cpu");
}

}  // namespace
}  // namespace hyena::backbone
