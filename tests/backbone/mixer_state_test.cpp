#include "backbone/decode/mixer_state.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "backbone/mixer.h"
#include "backbone/options.h"
#include "tests/support/tensors.h"

namespace hyena::backbone {
namespace {

using tests::close;

struct Kind {
  const char* name;
  const char* mixer;
  nlohmann::json options;
};

std::vector<Kind> kinds() {
  return {
      {"order 2", "hyena", {{"order", 2}}},
      {"order 3", "hyena", {{"order", 3}, {"activation", "gelu"}}},
      {"order 4, order-major", "hyena", {{"order", 4}, {"filter_layout", "order_major"}}},
      {"heads", "hyena", {{"order", 3}, {"num_heads", 4}, {"inner_factor", 2}}},
      {"short filter of 5", "hyena", {{"short_filter", 5}, {"use_bias", false}}},
      {"short filter of 1", "hyena", {{"short_filter", 1}, {"activation", "silu"}}},
      {"beyond the filter", "hyena", {{"l_max", 40}, {"extend", "zero"}}},
      {"evaluated beyond", "hyena", {{"l_max", 40}, {"extend", "evaluate"}}},
      {"attention", "attention", {{"causal", true}, {"num_heads", 4}}},
      {"attention with norms",
       "attention",
       {{"causal", true}, {"num_heads", 2}, {"qk_norm", true}, {"qkv_bias", false}}},
  };
}

constexpr std::int64_t kWidth = 24, kLength = 300;

std::unique_ptr<Mixer> make(const Kind& kind, at::ScalarType type) {
  at::manual_seed(5);
  auto mixer =
      find_mixer(kind.mixer)
          .make({.d_model = kWidth, .grid = {.height = 1, .width = kLength}}, kind.options);
  mixer->to(type);
  return mixer;
}

/// Outputs at each position of a run that takes lengths[b] positions of x at once and then one
/// after another; (B, L, D) with rows that were not made left zero.
at::Tensor decode(MixerState& state, const at::Tensor& x,
                  const std::vector<std::int64_t>& lengths) {
  const std::int64_t longest = *std::max_element(lengths.begin(), lengths.end());
  auto out = at::zeros_like(x);
  const auto prompt = state.prefill(x.slice(1, 0, longest).contiguous(), lengths);
  std::int64_t steps = x.size(1);
  for (std::size_t b = 0; b < lengths.size(); ++b) {
    const auto i = static_cast<std::int64_t>(b);
    out[i].slice(0, 0, lengths[b]).copy_(prompt[i].slice(0, 0, lengths[b]));
    steps = std::min(steps, x.size(1) - lengths[b]);
  }
  for (std::int64_t s = 0; s < steps; ++s) {
    auto row = at::empty({x.size(0), x.size(2)}, x.options()), y = at::empty_like(row);
    for (std::size_t b = 0; b < lengths.size(); ++b) {
      const auto i = static_cast<std::int64_t>(b);
      row[i].copy_(x[i][lengths[b] + s]);
    }
    state.step(row.const_data_ptr(), y.data_ptr());
    for (std::size_t b = 0; b < lengths.size(); ++b) {
      const auto i = static_cast<std::int64_t>(b);
      out[i][lengths[b] + s].copy_(y[i]);
    }
  }
  return out;
}

void expect_equal(const Kind& kind, const MixerDecodeOptions& options,
                  const std::vector<std::int64_t>& lengths) {
  const at::NoGradGuard no_grad;
  for (const auto type : {at::kDouble, at::kFloat}) {
    const auto mixer = make(kind, type);
    const auto x = at::randn({options.batch, kLength, kWidth}, at::kDouble).to(type);
    const auto expected = mixer->forward(x, {.height = 1, .width = kLength});
    const auto state = mixer->start_decoding(options);
    const auto y = decode(*state, x, lengths);
    const std::int64_t shortest = *std::max_element(lengths.begin(), lengths.end());
    for (std::size_t b = 0; b < lengths.size(); ++b) {
      const auto i = static_cast<std::int64_t>(b);
      const std::int64_t made = kLength - shortest + lengths[b];
      EXPECT_TRUE(close(y[i].slice(0, 0, made), expected[i].slice(0, 0, made),
                        type == at::kDouble ? 1e-12 : 5e-6))
          << kind.name << ", sequence " << b;
    }
    EXPECT_GT(state->state_bytes(), 0);
    EXPECT_GT(state->weight_bytes(), 0);
  }
}

TEST(MixerState, StepsEqualTheWholeSequence) {
  for (const Kind& kind : kinds()) {
    expect_equal(kind, {.batch = 1, .max_length = kLength, .horizon = kLength}, {1});
    expect_equal(kind, {.batch = 2, .max_length = kLength, .horizon = kLength, .spread = true},
                 {10, 10});
    expect_equal(kind, {.batch = 1, .max_length = kLength, .horizon = kLength, .lazy = true}, {2});
    expect_equal(kind, {.batch = 3, .max_length = kLength, .horizon = 250}, {100, 3, 55});
  }
}

TEST(MixerState, SavesAndForksGoOnTheSame) {
  const at::NoGradGuard no_grad;
  for (const Kind& kind : kinds()) {
    const auto mixer = make(kind, at::kFloat);
    const MixerDecodeOptions options{
        .batch = 2, .max_length = kLength, .horizon = kLength, .spread = true};
    const auto state = mixer->start_decoding(options), fresh = mixer->start_decoding(options);
    const auto x = at::randn({2, 170, kWidth});
    decode(*state, x, {30, 20});
    StateBytes saved;
    state->save(saved);
    const auto fork = state->fork();
    fresh->restore(saved);
    const auto more = at::randn({60, 2, kWidth});
    for (std::int64_t s = 0; s < more.size(0); ++s) {
      const auto row = more[s].contiguous();
      auto a = at::empty_like(row), b = at::empty_like(row), c = at::empty_like(row);
      state->step(row.const_data_ptr(), a.data_ptr());
      fork->step(row.const_data_ptr(), b.data_ptr());
      fresh->step(row.const_data_ptr(), c.data_ptr());
      ASSERT_TRUE(at::equal(a, b)) << kind.name;
      ASSERT_TRUE(at::equal(a, c)) << kind.name;
    }
    StateBytes cut;
    cut.bytes.assign(saved.bytes.begin(),
                     saved.bytes.begin() + static_cast<std::ptrdiff_t>(saved.bytes.size() / 2));
    EXPECT_THROW(fresh->restore(cut), OptionError) << kind.name;
    saved.bytes.resize(saved.bytes.size() / 2);  // shorter than what was read of it
    EXPECT_THROW(fresh->restore(saved), OptionError) << kind.name;
    EXPECT_THROW(fresh->restore(*std::make_unique<StateBytes>()), OptionError) << kind.name;
  }
}

TEST(MixerState, OthersAreRefused) {
  const MixerDecodeOptions options{.batch = 1, .max_length = kLength, .horizon = kLength};
  const auto refused = [&](const char* mixer, const nlohmann::json& settings) -> std::string {
    try {
      make({"", mixer, settings}, at::kFloat)->start_decoding(options);
    } catch (const OptionError& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_NE(refused("hyena", {{"outer_mixing", true}}).find("outer_mixing"), std::string::npos);
  EXPECT_NE(refused("hyena", {{"l_max", 40}}).find("l_max 40"), std::string::npos);
  EXPECT_NE(refused("hyena_bidirectional", nlohmann::json::object()).find("future"),
            std::string::npos);
  EXPECT_NE(refused("attention", nlohmann::json::object()).find("future"), std::string::npos);
  EXPECT_NE(refused("gated", nlohmann::json::object()).find("token by token"), std::string::npos);
  const auto half = make({"", "hyena", nlohmann::json::object()}, at::kBFloat16);
  EXPECT_THROW(half->start_decoding(options), OptionError);
}

}  // namespace
}  // namespace hyena::backbone
