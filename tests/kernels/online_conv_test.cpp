#include "kernels/online_conv.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>
#include <string>
#include <thread>

#include <gtest/gtest.h>

namespace hyena::kernels {
namespace {

struct Case {
  std::int64_t steps = 0;
  std::int64_t taps = 0;     ///< 0: as many as there are positions
  std::int64_t horizon = 0;  ///< 0: steps
  std::vector<std::int64_t> prompts = {0};
  std::int64_t channels = 19, rows = 19;
  OnlineMethod method = OnlineMethod::kTiled;
  bool spread = false;
  double phase = 0;

  std::int64_t batch() const { return static_cast<std::int64_t>(prompts.size()); }
  std::int64_t longest() const { return *std::max_element(prompts.begin(), prompts.end()); }
  std::string text() const {
    std::string p;
    for (const auto l : prompts) p += " " + std::to_string(l);
    return std::to_string(steps) + " steps, taps " + std::to_string(taps) + ", horizon " +
           std::to_string(horizon) + ", prompts" + p + (spread ? ", spread" : "") +
           (method == OnlineMethod::kLazy ? ", lazy" : "");
  }
};

template <class T>
constexpr Type kType = sizeof(T) == 8 ? Type::kFloat64 : Type::kFloat32;

/// A convolution that runs with inputs that depend on its outputs, and what went in and came out,
/// by sequence: (positions, D).
template <class T>
struct Stream {
  explicit Stream(const Case& settings) : c(settings), in(c.prompts.size()), out(c.prompts.size()) {
    if (c.taps == 0) c.taps = c.longest() + c.steps;
    if (c.horizon == 0) c.horizon = c.steps;
    std::mt19937 random(17);
    std::normal_distribution<T> normal;
    for (std::int64_t g = 0; g < c.rows; ++g) {
      for (std::int64_t a = 0; a < c.taps; ++a) {
        h.push_back(normal(random) *
                    static_cast<T>(std::exp(-3.0 * a / c.taps) / std::sqrt(c.taps)));
      }
    }
    for (std::int64_t d = 0; d < c.channels; ++d) bias.push_back(T(0.3) * normal(random));
    // The feedback below is weak enough that rounding errors do not grow. Each sequence has its own
    // noise, whatever else is in the batch.
    for (std::size_t b = 0; b < c.prompts.size(); ++b) {
      std::mt19937 own(static_cast<unsigned>(100 + c.prompts[b]));
      normal.reset();
      noise.emplace_back();
      for (std::int64_t i = 0; i < (c.prompts[b] + c.steps) * c.channels; ++i) {
        noise.back().push_back(normal(own));
      }
    }
  }

  OnlineFilter filter() const {
    return {ConstTaps{.data = h.data(),
                      .rows = c.rows,
                      .count = c.taps,
                      .centre = 0,
                      .channel = c.taps,
                      .tap = 1},
            bias.data(),
            c.channels,
            kType<T>,
            {.method = c.method, .horizon = c.horizon, .spread = c.spread, .phase = c.phase}};
  }

  void prefill(OnlineConvolution& conv, const Executor& executor = {}) {
    const std::int64_t width = c.channels + 3, length = c.longest();
    std::vector<T> v(static_cast<std::size_t>(c.batch() * length * width), T(1e30)), y(v.size());
    for (std::size_t b = 0; b < noise.size(); ++b) {
      for (std::int64_t t = 0; t < c.prompts[b]; ++t) {
        const auto row = noise[b].begin() + t * c.channels;
        std::copy_n(row, c.channels,
                    v.begin() + (static_cast<std::int64_t>(b) * length + t) * width);
        in[b].insert(in[b].end(), row, row + c.channels);
      }
    }
    conv.prefill({v.data(), length * width, width}, length, c.prompts,
                 {y.data(), length * width, width}, executor);
    for (std::size_t b = 0; b < noise.size(); ++b) {
      for (std::int64_t t = 0; t < c.prompts[b]; ++t) {
        const auto row = y.begin() + (static_cast<std::int64_t>(b) * length + t) * width;
        out[b].insert(out[b].end(), row, row + c.channels);
      }
    }
  }

  void step(OnlineConvolution& conv, const Executor& executor = {}) {
    std::vector<T> v, y(static_cast<std::size_t>(c.batch() * c.channels));
    for (std::size_t b = 0; b < noise.size(); ++b) {
      const std::size_t at = in[b].size();
      for (std::int64_t d = 0; d < c.channels; ++d) {
        T value = noise[b][at + static_cast<std::size_t>(d)];
        if (!out[b].empty())
          value += T(0.1) * std::sin(out[b][out[b].size() - 1 - static_cast<std::size_t>(d)]);
        v.push_back(value);
      }
      in[b].insert(in[b].end(), v.end() - c.channels, v.end());
    }
    conv.step({v.data(), c.channels, 0}, {y.data(), c.channels, 0}, executor);
    for (std::size_t b = 0; b < noise.size(); ++b) {
      const auto row = y.begin() + static_cast<std::int64_t>(b) * c.channels;
      out[b].insert(out[b].end(), row, row + c.channels);
    }
  }

  Stream& all(const Executor& executor = {}) {
    OnlineConvolution conv(filter(), c.batch());
    if (c.longest() > 0) prefill(conv, executor);
    for (std::int64_t t = 0; t < c.steps; ++t) step(conv, executor);
    return *this;
  }

  /// Relative L2 distance of all outputs from direct sums over the inputs in float64.
  double error() const {
    double difference = 0, size = 0;
    for (std::size_t b = 0; b < in.size(); ++b) {
      const auto length = static_cast<std::int64_t>(in[b].size()) / c.channels;
      EXPECT_EQ(length, c.prompts[b] + c.steps);
      for (std::int64_t d = 0; d < c.channels; ++d) {
        const T* const row = h.data() + d % c.rows * c.taps;
        for (std::int64_t t = 0; t < length; ++t) {
          const auto v = [&](std::int64_t k) -> double {
            return in[b][static_cast<std::size_t>(k * c.channels + d)];
          };
          double sum = bias[static_cast<std::size_t>(d)] * v(t);
          for (std::int64_t a = 0; a <= t && a < c.taps; ++a) sum += row[a] * v(t - a);
          const double y = out[b][static_cast<std::size_t>(t * c.channels + d)];
          difference += (y - sum) * (y - sum);
          size += sum * sum;
        }
      }
    }
    return std::sqrt(difference / size);
  }

  Case c;
  std::vector<T> h, bias;
  std::vector<std::vector<T>> noise, in, out;
};

void expect_exact(const Case& c) {
  EXPECT_LE(Stream<double>(c).all().error(), 1e-13) << c.text();
  EXPECT_LE(Stream<float>(c).all().error(), 2e-6) << c.text();
}

constexpr std::int64_t kSteps[] = {1, 2, 3, 5, 31, 32, 33, 64, 255, 256, 257, 1000};

TEST(OnlineConv, EqualsDirectSums) {
  for (const std::int64_t steps : kSteps) {
    expect_exact({.steps = steps});
    expect_exact({.steps = steps, .spread = true});
    expect_exact({.steps = steps, .spread = true, .phase = 0.7});
    expect_exact({.steps = steps, .method = OnlineMethod::kLazy});
  }
}

TEST(OnlineConv, PromptsAreForgotten) {
  for (const std::int64_t prompt : {1, 2, 7, 100, 300, 513}) {
    for (const std::int64_t steps : {1, 33, 129, 400}) {
      expect_exact({.steps = steps, .prompts = {prompt}, .channels = 5, .rows = 5});
    }
    expect_exact({.steps = 700, .prompts = {prompt}, .channels = 3, .rows = 3, .spread = true});
    expect_exact({.steps = 90, .prompts = {prompt}, .method = OnlineMethod::kLazy});
  }
}

TEST(OnlineConv, ShortFiltersGoOnWithoutEnd) {
  for (const std::int64_t taps :
       {1, 2, 3, 31, 32, 33, 34, 64, 65, 66, 128, 129, 130, 257, 258, 300}) {
    for (const bool spread : {false, true}) {
      // The horizon is passed: nothing reaches half as far.
      expect_exact({.steps = 1100,
                    .taps = taps,
                    .horizon = 600,
                    .prompts = {50},
                    .channels = 4,
                    .rows = 2,
                    .spread = spread});
    }
    expect_exact({.steps = 700,
                  .taps = taps,
                  .horizon = 600,
                  .prompts = {50},
                  .channels = 4,
                  .rows = 2,
                  .method = OnlineMethod::kLazy});
  }
}

TEST(OnlineConv, ManyChannelsAndHeads) {
  for (const std::int64_t channels : {16, 48, 128, 272, 300}) {
    expect_exact({.steps = 140, .prompts = {3}, .channels = channels, .rows = channels});
    expect_exact({.steps = 300, .channels = channels, .rows = channels / 4, .spread = true});
  }
}

TEST(OnlineConv, BatchesWithDifferentPromptsEqualSeparateRuns) {
  for (const bool spread : {false, true}) {
    const Case together{.steps = 600, .taps = 1100, .prompts = {5, 0, 300, 129}, .spread = spread};
    expect_exact(together);
    Stream<double> run(together);
    run.all();
    for (std::size_t b = 0; b < together.prompts.size(); ++b) {
      Case alone = together;
      alone.prompts = {together.prompts[b]};
      Stream<double> single(alone);
      single.all();
      double difference = 0, size = 0;
      for (std::size_t i = 0; i < single.out[0].size(); ++i) {
        difference += std::pow(single.out[0][i] - run.out[b][i], 2);
        size += std::pow(single.out[0][i], 2);
      }
      EXPECT_LE(std::sqrt(difference / size), 1e-12) << "prompt of " << together.prompts[b];
    }
  }
}

TEST(OnlineConv, MethodsAgree) {
  const Case c{.steps = 800, .prompts = {77}};
  Stream<double> tiled(c);
  tiled.all();
  for (const auto& [method, spread] :
       {std::pair{OnlineMethod::kTiled, true}, {OnlineMethod::kLazy, false}}) {
    Case other = c;
    other.method = method;
    other.spread = spread;
    Stream<double> run(other);
    run.all();
    for (std::size_t i = 0; i < run.out[0].size(); ++i) {
      ASSERT_NEAR(run.out[0][i], tiled.out[0][i], 1e-12) << i;
    }
  }
}

template <class T>
void expect_restored(const Case& c, std::int64_t when) {
  Stream<T> run(c);
  OnlineConvolution conv(run.filter(), c.batch());
  if (c.longest() > 0) run.prefill(conv);
  for (std::int64_t t = 0; t < when; ++t) run.step(conv);
  const auto saved = conv.save();
  OnlineConvolution fork(conv), fresh(run.filter(), c.batch());
  Stream<T> of_fork = run, of_fresh = run, again = run;
  for (std::int64_t t = when; t < c.steps; ++t) run.step(conv);
  for (std::int64_t t = when; t < c.steps; ++t) of_fork.step(fork);
  fresh.restore(saved);
  EXPECT_EQ(fresh.steps(), when);
  EXPECT_EQ(fresh.save(), saved);
  for (std::int64_t t = when; t < c.steps; ++t) of_fresh.step(fresh);
  conv.restore(saved);  // back
  for (std::int64_t t = when; t < c.steps; ++t) again.step(conv);
  EXPECT_EQ(run.out, of_fork.out) << c.text();
  EXPECT_EQ(run.out, of_fresh.out) << c.text();
  EXPECT_EQ(run.out, again.out) << c.text();
}

TEST(OnlineConv, SavesAndForksAreTheSameBits) {
  for (const std::int64_t when : {0, 1, 31, 128, 200, 390}) {
    for (const bool spread : {false, true}) {
      expect_restored<float>({.steps = 700, .prompts = {9, 40}, .spread = spread}, when);
      expect_restored<double>({.steps = 700, .prompts = {0}, .spread = spread}, when);
    }
    expect_restored<float>({.steps = 400, .prompts = {9}, .method = OnlineMethod::kLazy}, when);
  }
}

TEST(OnlineConv, ThreadsDoNotChangeBits) {
  class Threads final : public Executor {
   public:
    std::int64_t threads() const override { return 3; }
    void run(std::int64_t count,
             const std::function<void(std::int64_t, std::int64_t)>& work) const override {
      std::vector<std::thread> threads;
      for (std::int64_t i = 0; i < std::min<std::int64_t>(count, 3); ++i) {
        const std::int64_t parts = std::min<std::int64_t>(count, 3);
        threads.emplace_back([&, i, parts] { work(i * count / parts, (i + 1) * count / parts); });
      }
      for (auto& thread : threads) thread.join();
    }
  };
  const Case c{.steps = 260, .prompts = {20, 3}, .channels = 80, .rows = 80};
  EXPECT_EQ(Stream<float>(c).all().out, Stream<float>(c).all(Threads()).out);
}

TEST(OnlineConv, WrongArgumentsAreNamed) {
  const auto message = [](const std::function<void()>& f) -> std::string {
    try {
      f();
    } catch (const ArgumentError& e) {
      return e.what();
    }
    return "";
  };
  const std::vector<float> h(40, 0.5F);
  const auto make = [&](ConstTaps taps, std::int64_t channels, Type type, std::int64_t horizon) {
    return message([=] { OnlineFilter(taps, nullptr, channels, type, {.horizon = horizon}); });
  };
  const ConstTaps taps{.data = h.data(), .rows = 4, .count = 10, .channel = 10};
  EXPECT_EQ(make(taps, 4, Type::kFloat32, 5), "");
  EXPECT_NE(make(taps, 6, Type::kFloat32, 5).find("divide the 6 channels"), std::string::npos);
  EXPECT_NE(make(taps, 4, Type::kBFloat16, 5), "");
  EXPECT_NE(make(taps, 4, Type::kFloat32, 0), "");
  EXPECT_NE(make({}, 4, Type::kFloat32, 5), "");
  ConstTaps ahead = taps;
  ahead.centre = 3;
  EXPECT_NE(make(ahead, 4, Type::kFloat32, 5).find("looks ahead"), std::string::npos);

  const OnlineFilter filter(taps, nullptr, 4, Type::kFloat32, {.horizon = 2});
  OnlineConvolution conv(filter, 1);
  std::vector<float> v(4), y(4);
  const auto step = [&] { conv.step({v.data(), 4, 0}, {y.data(), 4, 0}); };
  step();
  step();
  EXPECT_NE(message(step).find("2 steps of the horizon"), std::string::npos);
  EXPECT_NE(message([&] { OnlineConvolution(filter, 0); }), "");
  auto saved = conv.save();
  saved.pop_back();
  EXPECT_NE(message([&] { conv.restore(saved); }), "");
  EXPECT_NE(message([&] { conv.restore({}); }), "");
  const std::vector<std::int64_t> two = {1, 1}, far = {3};
  EXPECT_NE(message([&] { conv.prefill({v.data()}, 1, two, {y.data()}); }), "");
  EXPECT_NE(message([&] { conv.prefill({v.data()}, 1, far, {y.data()}); }), "");
}

}  // namespace
}  // namespace hyena::kernels
