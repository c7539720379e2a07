#include "kernels/filter.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "kernels/reference/filter.h"
#include "tests/kernels/filter_case.h"

namespace hyena::kernels {
namespace {

using reference::ImplicitFilter;
using namespace filter_case;

template <class T>
double error(const std::vector<T>& actual, const std::vector<double>& expected) {
  double wrong = 0, whole = 0;
  EXPECT_EQ(actual.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double difference = static_cast<double>(actual[i]) - expected[i];
    wrong += difference * difference;
    whole += expected[i] * expected[i];
  }
  return std::sqrt(wrong / whole);
}

/// Each part in a thread of its own, the last first.
class Threads final : public Executor {
 public:
  explicit Threads(std::int64_t count) : count_(count) {}
  void run(std::int64_t count,
           const std::function<void(std::int64_t, std::int64_t)>& work) const override {
    std::vector<std::thread> threads;
    for (std::int64_t i = count_; i-- > 0;) {
      const std::int64_t begin = i * count / count_, end = (i + 1) * count / count_;
      if (begin < end) threads.emplace_back([=, &work] { work(begin, end); });
    }
    for (std::thread& thread : threads) thread.join();
  }

 private:
  std::int64_t count_;
};

/// (K, C) in the order that the case wants, inside rows with a gap of two where channels are
/// neighbours.
template <class T>
struct TapMemory {
  std::int64_t positions, channels;
  bool transposed;
  std::vector<T> values;
  TapMemory(const Case& c, T fill)
      : positions(c.positions),
        channels(c.channels),
        transposed(c.transposed),
        values(static_cast<std::size_t>(c.positions * (c.channels + 2)), fill) {}
  std::int64_t channel() const { return transposed ? positions : 1; }
  std::int64_t tap() const { return transposed ? 1 : channels + 2; }
  T& at(std::int64_t p, std::int64_t c) {
    return values[static_cast<std::size_t>(p * tap() + c * channel())];
  }
  std::vector<T> rows() {
    std::vector<T> out;
    for (std::int64_t p = 0; p < positions; ++p) {
      for (std::int64_t c = 0; c < channels; ++c) out.push_back(at(p, c));
    }
    return out;
  }
};

struct Errors {
  double forward = 0, backward = 0;
};

/// Largest relative errors of taps and of gradients.
template <class T>
Errors errors_of(const Case& c, const Executor& executor) {
  const ImplicitFilter f = make(c);
  const Memory<T> memory(f, c.transposed);
  const auto parameters = parameters_of(f, memory, c.transposed);
  TapMemory<T> h(c, static_cast<T>(NAN)), dh(c, T{0});
  filter_forward(shape_of<T>(f), parameters,
                 {h.values.data(), c.channels, c.positions, 0, h.channel(), h.tap()}, executor);
  const auto gap = std::count_if(h.values.begin(), h.values.end(), [](T x) { return x != x; });
  EXPECT_EQ(gap, 2 * c.positions) << "written between rows";

  const auto dy = Random(8).uniform(c.positions * c.channels, -1, 1);
  for (std::int64_t p = 0; p < c.positions; ++p) {
    for (std::int64_t i = 0; i < c.channels; ++i) {
      dh.at(p, i) = static_cast<T>(dy[static_cast<std::size_t>(p * c.channels + i)]);
    }
  }
  Memory<T> room(f, false);
  filter_backward(shape_of<T>(f), parameters,
                  {dh.values.data(), c.channels, c.positions, 0, dh.channel(), dh.tap()},
                  gradients_of(f, room, c.transposed), executor);

  const ImplicitFilter exact = reference::gradients(f, dy);
  const Memory<double> expected(exact, c.transposed);
  Errors out{.forward = error(h.rows(), reference::evaluate(f))};
  const auto add = [&](const std::vector<T>& actual, const std::vector<double>& wanted) {
    if (!wanted.empty()) out.backward = std::max(out.backward, error(actual, wanted));
  };
  add(room.z, expected.z);
  add(room.weight, expected.weight);
  add(room.delta, expected.delta);
  add(room.shift, expected.shift);
  for (std::size_t i = 0; i < room.layers.size(); ++i) {
    add(room.layers[i].weight, expected.layers[i].weight);
    add(room.layers[i].bias, expected.layers[i].bias);
    add(room.layers[i].freq, expected.layers[i].freq);
  }
  return out;
}

void expect_exact(const Case& c) {
  const Errors single = errors_of<float>(c, {}), precise = errors_of<double>(c, {});
  EXPECT_LT(single.forward, 2e-6) << c.name();
  // A gradient that is a single number may be a small difference of large terms.
  EXPECT_LT(single.backward, c.channels == 1 ? 1e-4 : 1e-5) << c.name();
  EXPECT_LT(precise.forward, 1e-14) << c.name();
  EXPECT_LT(precise.backward, c.channels == 1 ? 1e-12 : 1e-13) << c.name();
}

TEST(Filter, EveryNumberOfPositions) {
  for (const std::int64_t positions : {1, 3, 17, 63, 64, 65, 196, 1000, 4097}) {
    expect_exact({.positions = positions, .features = 5, .width = 32, .channels = 24, .inner = 2});
  }
}

TEST(Filter, EveryWidth) {
  for (const std::int64_t width : {1, 7, 16, 33, 64, 128}) {
    for (const std::int64_t features : {1, 3, 33}) {
      for (const std::int64_t channels : {1, 19, 64, 111}) {
        expect_exact({.positions = 70, .features = features, .width = width, .channels = channels});
      }
    }
  }
}

TEST(Filter, EveryDepthAndForm) {
  for (int inner = 0; inner <= 3; ++inner) {
    for (const bool window : {true, false}) {
      for (const bool normalized : {true, false}) {
        for (const bool transposed : {true, false}) {
          expect_exact({.positions = 131,
                        .features = 9,
                        .width = 20,
                        .channels = 37,
                        .inner = inner,
                        .window = window,
                        .shift = inner % 2 == 0,
                        .normalized = normalized,
                        .transposed = transposed});
        }
      }
    }
  }
}

TEST(Filter, FastSines) {
  // An MLP of fast sines multiplies every rounding by its frequencies, layer after layer: what
  // float32 can give is what its parameters, moved by half a unit in the last place, leave of it.
  for (const double w : {10, 14}) {
    for (int inner = 0; inner <= 3; ++inner) {
      const Case c{
          .positions = 100, .features = 5, .width = 64, .channels = 16, .inner = inner, .w = w};
      const ImplicitFilter f = make(c);
      ImplicitFilter moved = f;
      Random random(12);
      for (auto& layer : moved.layers) {
        for (auto* values : {&layer.weight, &layer.freq}) {
          const auto by = random.uniform(static_cast<std::int64_t>(values->size()), -1, 1);
          for (std::size_t i = 0; i < by.size(); ++i) (*values)[i] *= 1 + by[i] * 0x1p-24;
        }
      }
      const double unavoidable = error(reference::evaluate(moved), reference::evaluate(f));
      const Errors single = errors_of<float>(c, {}), precise = errors_of<double>(c, {});
      EXPECT_LT(single.forward, 2e-7 + 4 * unavoidable) << c.name();
      EXPECT_LT(single.backward, 1e-6 + 16 * unavoidable) << c.name();
      EXPECT_LT(precise.forward, 1e-14 + 4 * 0x1p-29 * unavoidable) << c.name();
      EXPECT_LT(precise.backward, 1e-13 + 16 * 0x1p-29 * unavoidable) << c.name();
    }
  }
}

/// sin(freq · z) for single phases, through a filter of one number: an error in units in the last
/// place.
template <class T>
double sine_error(double low, double high) {
  constexpr std::int64_t kCount = 20000;
  std::mt19937_64 draw(4);
  std::uniform_real_distribution<double> values(low, high);
  std::vector<T> z(kCount), h(kCount);
  for (T& x : z) x = static_cast<T>(values(draw));
  const T one = 1, zero = 0;
  const FilterParameters parameters{
      .z = {z.data(), 1, 1}, .layers = {{&one, &zero, &one}}, .weight = &one};
  filter_forward(
      {.positions = kCount, .features = 1, .width = 1, .channels = 1, .type = type_of<T>()},
      parameters, {h.data(), 1, kCount, 0, 1, 1});
  double largest = 0;
  for (std::int64_t i = 0; i < kCount; ++i) {
    const long double exact = std::sin(static_cast<long double>(z[i]));
    const T nearest = static_cast<T>(std::abs(exact));
    const T unit = std::nextafter(nearest, T{2}) - nearest;
    largest = std::max(largest, static_cast<double>(std::abs(h[i] - exact) / unit));
  }
  return largest;
}

TEST(Filter, SinesAreRightToThreeUnits) {
  for (const auto& [low, high] : {std::pair{-4.0, 4.0}, {-1e-3, 1e-3}, {-1e4, 1e4}, {1e7, 1e8}}) {
    EXPECT_LT(sine_error<float>(low, high), 3) << low << " to " << high;
    EXPECT_LT(sine_error<double>(low, high), 3) << low << " to " << high;
  }
  EXPECT_LT(sine_error<double>(9e5, 1e6), 3);
}

TEST(Filter, SameBitsForAnyNumberOfThreads) {
  const Case c{.positions = 1000,
               .features = 5,
               .width = 20,
               .channels = 40,
               .inner = 2,
               .normalized = true};
  const ImplicitFilter f = make(c);
  const Memory<float> memory(f, false);
  const auto dy = Random(8).uniform(c.positions * c.channels, -1, 1);
  const auto dh = Memory<float>::as(dy);
  const auto results = [&](const Executor& executor) {
    std::vector<float> h(dh.size());
    Memory<float> room(f, false);
    const auto parameters = parameters_of(f, memory, false);
    filter_forward(shape_of<float>(f), parameters,
                   {h.data(), c.channels, c.positions, 0, 1, c.channels}, executor);
    filter_backward(shape_of<float>(f), parameters,
                    {dh.data(), c.channels, c.positions, 0, 1, c.channels},
                    gradients_of(f, room, false), executor);
    std::vector<std::vector<float>> all{h, room.z, room.weight, room.delta, room.shift};
    for (const auto& layer : room.layers) {
      all.insert(all.end(), {layer.weight, layer.bias, layer.freq});
    }
    return all;
  };
  const auto alone = results({});
  EXPECT_EQ(alone, results(Threads(2)));
  EXPECT_EQ(alone, results(Threads(5)));
}

TEST(Filter, ComputesOnlyWhatIsAskedFor) {
  const Case c{.positions = 100, .width = 20, .channels = 5, .inner = 1};
  const ImplicitFilter f = make(c);
  const Memory<float> memory(f, false);
  const auto dh = Memory<float>::as(Random(8).uniform(c.positions * c.channels, -1, 1));
  const ConstTaps taps{dh.data(), c.channels, c.positions, 0, 1, c.channels};
  const auto parameters = parameters_of(f, memory, false);
  Memory<float> all(f, false), some(f, false);
  filter_backward(shape_of<float>(f), parameters, taps, gradients_of(f, all, false));
  FilterGradients few;
  few.layers.resize(2);
  few.layers[1].freq = some.layers[1].freq.data();
  few.delta = some.delta.data();
  filter_backward(shape_of<float>(f), parameters, taps, few);
  EXPECT_EQ(some.layers[1].freq, all.layers[1].freq);
  EXPECT_EQ(some.delta, all.delta);
  filter_backward(shape_of<float>(f), parameters, taps, {});  // nothing at all
}

TEST(Filter, RefusesWhatItCannotTake) {
  const Case c{.positions = 4, .width = 4, .channels = 2};
  const ImplicitFilter f = make(c);
  const Memory<float> memory(f, false);
  std::vector<float> h(8);
  using Change = std::function<void(FilterShape&, FilterParameters&, Taps&)>;
  const auto refusal = [&](const Change& change) -> std::string {
    FilterShape shape = shape_of<float>(f);
    FilterParameters parameters = parameters_of(f, memory, false);
    Taps taps{h.data(), c.channels, c.positions, 0, 1, c.channels};
    change(shape, parameters, taps);
    try {
      filter_forward(shape, parameters, taps);
    } catch (const ArgumentError& wrong) {
      return wrong.what();
    }
    return "";
  };
  EXPECT_EQ(refusal([](auto& s, auto&, auto&) { s.positions = 0; }),
            "filter_forward: positions must be at least 1, got 0");
  EXPECT_EQ(refusal([](auto& s, auto&, auto&) { s.type = Type::kBFloat16; }),
            "filter_forward: filters are float32 or float64");
  EXPECT_EQ(refusal([](auto&, auto& p, auto&) { p.layers.clear(); }),
            "filter_forward: there must be at least one sine layer");
  EXPECT_EQ(refusal([](auto&, auto& p, auto&) { p.layers[1].freq = nullptr; }),
            "filter_forward: freq of sine layer 1 is absent");
  EXPECT_EQ(refusal([](auto&, auto& p, auto&) { p.weight = nullptr; }),
            "filter_forward: the last weight is absent");
  EXPECT_EQ(refusal([](auto&, auto& p, auto&) { p.delta = nullptr; }),
            "filter_forward: a window needs t and delta, delta is absent");
  EXPECT_EQ(refusal([](auto&, auto& p, auto&) { p.t = p.delta = nullptr; }),
            "filter_forward: there is a shift, but no window to shift");
  EXPECT_EQ(refusal([](auto&, auto&, auto& taps) { taps.data = nullptr; }),
            "filter_forward: h is absent");
  EXPECT_EQ(refusal([](auto&, auto&, auto& taps) { taps.count = 5; }),
            "filter_forward: h must be 2 rows of 4 taps, got 2 of 5");

  Memory<float> room(f, false);
  FilterGradients gradients = gradients_of(f, room, false);
  gradients.layers.pop_back();
  try {
    filter_backward(shape_of<float>(f), parameters_of(f, memory, false), {h.data(), 2, 4, 0, 1, 2},
                    gradients);
    FAIL();
  } catch (const ArgumentError& wrong) {
    EXPECT_STREQ(wrong.what(),
                 "filter_backward: gradients of 1 sine layers are wanted, there are 2");
  }
}

}  // namespace
}  // namespace hyena::kernels
