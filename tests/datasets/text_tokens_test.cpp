#include <algorithm>
#include <cstdint>
#include <memory>
#include <random>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "datasets/dataset.h"
#include "datasets/text/token_source.h"
#include "datasets/text/windows.h"
#include "tests/datasets/messages.h"

namespace hyena::datasets {
namespace {

using Ids = std::vector<std::int64_t>;
using Starts = std::vector<std::uint64_t>;

std::vector<TokenId> random_ids(std::size_t count, TokenId bound, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<TokenId> ids(count);
  for (TokenId& id : ids) id = static_cast<TokenId>(random() % bound);
  return ids;
}

std::shared_ptr<MemoryTokens> tokens(std::vector<TokenId> ids, std::optional<Starts> starts = {}) {
  return std::make_shared<MemoryTokens>(std::move(ids), 100, "memory", std::move(starts));
}

Ids all_of(const TokenSource& source) {
  Ids ids(source.size());
  source.read(0, std::span(ids));
  return ids;
}

Starts starts_of(const TokenSource& source) {
  Starts starts;
  for (std::uint64_t d = 0; d < source.documents(); ++d) starts.push_back(source.document_start(d));
  return starts;
}

TEST(TokenSource, GivesAnyRangeInBothWidths) {
  const auto ids = random_ids(50, 100, 1);
  const auto source = tokens(ids);
  for (std::uint64_t begin = 0; begin <= 50; ++begin) {
    for (std::uint64_t count = 0; begin + count <= 50; ++count) {
      Ids wide(count);
      std::vector<std::int32_t> narrow(count);
      source->read(begin, std::span(wide));
      source->read(begin, std::span(narrow));
      for (std::uint64_t i = 0; i < count; ++i) {
        ASSERT_EQ(wide[i], ids[begin + i]);
        ASSERT_EQ(narrow[i], wide[i]);
      }
    }
  }
  Ids out(2);
  EXPECT_THROW(source->read(49, std::span(out)), std::out_of_range);
  EXPECT_THROW(source->read(UINT64_MAX, std::span(out)), std::out_of_range);
}

TEST(TokenSource, AnIdPastTheVocabularyIsNamedWithItsPlace) {
  auto ids = random_ids(50, 100, 2);
  ids[31] = 100;
  ids[40] = 0xFFFFFFF0;
  const auto source = std::make_shared<ConcatenatedTokens>(
      std::vector<std::shared_ptr<const TokenSource>>{tokens(random_ids(7, 100, 3)), tokens(ids)});
  const auto message = [&](std::uint64_t begin) {
    return tests::message_of<ReadError>([&] {
      std::vector<std::int32_t> out(8);
      source->read(begin, std::span(out));
    });
  };
  EXPECT_EQ(message(31),
            "memory, token 31: id 100 is past the vocabulary of 100; was it written "
            "with another tokenizer?");
  EXPECT_NE(message(45).find("token 40: id 4294967280 is past"), std::string::npos) << message(45);
  EXPECT_EQ(message(5), "(nothing was thrown)");
}

TEST(TokenSource, PartsAreReadAcrossTheirEdges) {
  std::vector<std::shared_ptr<const TokenSource>> parts;
  Ids all;
  for (const std::size_t size : {3U, 0U, 1U, 17U, 0U, 5U}) {
    const auto ids = random_ids(size, 100, static_cast<unsigned>(parts.size()));
    parts.push_back(tokens(ids, size > 2 ? Starts{0, 2} : Starts{}));
    all.insert(all.end(), ids.begin(), ids.end());
  }
  const ConcatenatedTokens source(parts);
  ASSERT_EQ(source.size(), all.size());
  for (std::uint64_t begin = 0; begin < all.size(); ++begin) {
    Ids out(all.size() - begin);
    source.read(begin, std::span(out));
    ASSERT_TRUE(std::ranges::equal(out, std::span(all).subspan(begin)));
  }
  EXPECT_EQ(starts_of(source), (Starts{0, 2, 4, 6, 21, 23}));
  parts.push_back(tokens({1}));  // one that does not know its documents
  EXPECT_FALSE(ConcatenatedTokens(parts).knows_documents());
  EXPECT_EQ(ConcatenatedTokens(parts).documents(), 0U);
}

TEST(TokenSource, AStretchKnowsTheDocumentsInIt) {
  const auto whole = tokens(random_ids(20, 100, 4), Starts{0, 5, 5, 12, 19});
  const auto starts = [&](std::uint64_t begin, std::uint64_t size) {
    return starts_of(TokenStretch(whole, begin, size));
  };
  EXPECT_EQ(starts(0, 20), (Starts{0, 5, 5, 12, 19}));
  EXPECT_EQ(starts(3, 10), (Starts{0, 2, 2, 9}));
  EXPECT_EQ(starts(6, 6), (Starts{0}));
  EXPECT_EQ(starts(12, 8), (Starts{0, 7}));
  EXPECT_EQ(starts(4, 0), (Starts{}));
  EXPECT_THROW(TokenStretch(whole, 10, 11), std::out_of_range);
}

TEST(TokenSource, ASplitCutsBetweenDocuments) {
  const auto ids = random_ids(20, 100, 5);
  const auto known = split_tokens(tokens(ids, Starts{0, 5, 9, 12, 19}), 0.3);  // 2 of 5
  EXPECT_EQ(known.train->size(), 12U);
  EXPECT_EQ(starts_of(*known.valid), (Starts{0, 7}));
  const auto unknown = split_tokens(tokens(ids), 0.12);  // 3 of 20
  EXPECT_EQ(unknown.train->size(), 17U);
  auto both = all_of(*unknown.train);
  const auto valid = all_of(*unknown.valid);
  both.insert(both.end(), valid.begin(), valid.end());
  EXPECT_TRUE(std::ranges::equal(both, ids));
  EXPECT_EQ(split_tokens(tokens(ids), 0).valid->size(), 0U);
  EXPECT_EQ(split_tokens(tokens(ids, Starts{0, 7}), 0).valid->size(), 0U);
  for (const double fraction : {1.0, -0.1, 0.99}) {
    EXPECT_THROW(split_tokens(tokens(ids), fraction), std::invalid_argument) << fraction;
  }
}

TEST(Windows, AnOrderIsAPermutationOfEachEpoch) {
  for (const std::uint64_t count : {1U, 2U, 3U, 4U, 5U, 100U, 1023U, 1024U, 1025U, 70000U}) {
    std::set<std::uint64_t> seen;
    std::uint64_t fixed = 0;
    for (std::uint64_t i = 0; i < count; ++i) {
      const auto to = permuted(i, count, 77);
      ASSERT_LT(to, count);
      ASSERT_TRUE(seen.insert(to).second);
      fixed += to == i ? 1 : 0;
    }
    if (count < 100) continue;
    EXPECT_LT(fixed, 10U) << count;  // 1 is expected of a random order
  }
}

TEST(Windows, NeighboursInAnOrderAreUnrelated) {
  // Of a random permutation neighbours are a third of the count apart on average.
  constexpr std::uint64_t kCount = 50000;
  double distance = 0, rising = 0;
  for (std::uint64_t i = 0; i + 1 < kCount; ++i) {
    const auto a = double(permuted(i, kCount, 5)), b = double(permuted(i + 1, kCount, 5));
    distance += std::abs(a - b);
    rising += a < b ? 1 : 0;
  }
  EXPECT_NEAR(distance / kCount / kCount, 1.0 / 3, 0.01);
  EXPECT_NEAR(rising / kCount, 0.5, 0.01);
}

TEST(Windows, CoverTheTextOnceAnEpoch) {
  const auto ids = random_ids(101, 100, 6);
  const Windows windows(tokens(ids), {.length = 10, .seed = 3});
  ASSERT_EQ(windows.size(), 10U);
  std::vector<Starts> orders;
  for (std::uint64_t epoch = 0; epoch < 3; ++epoch) {
    std::set<std::uint64_t> begins;
    orders.emplace_back();
    for (std::uint64_t i = 0; i < windows.size(); ++i) {
      const auto begin = windows.begin(epoch, i);
      EXPECT_EQ(begin % 10, 0U);
      begins.insert(begin);
      orders.back().push_back(begin);
      Ids inputs(10), targets(10);
      windows.read(epoch, i, inputs, targets);
      for (std::uint64_t t = 0; t < 10; ++t) {
        ASSERT_EQ(inputs[t], ids[begin + t]);
        ASSERT_EQ(targets[t], ids[begin + t + 1]);
      }
    }
    EXPECT_EQ(begins.size(), 10U);
  }
  EXPECT_NE(orders[0], orders[1]);
  EXPECT_NE(orders[1], orders[2]);
  const Windows other(tokens(ids), {.length = 10, .seed = 4});
  Starts order;
  for (std::uint64_t i = 0; i < 10; ++i) order.push_back(other.begin(0, i));
  EXPECT_NE(order, orders[0]);
}

TEST(Windows, AnOrderStaysWhatItIs) {
  // A change here breaks every run that is gone on with.
  const Windows windows(tokens(random_ids(101, 100, 6)), {.length = 10, .seed = 42});
  Starts order;
  for (std::uint64_t i = 0; i < 10; ++i) order.push_back(windows.begin(1, i));
  EXPECT_EQ(order, (Starts{30, 90, 0, 40, 50, 20, 80, 70, 10, 60}));
}

TEST(Windows, ARandomOffsetIsAnyThatFits) {
  const Windows windows(tokens(random_ids(14, 100, 7)),
                        {.length = 10, .sampling = WindowSampling::kRandomOffsets, .seed = 1});
  std::set<std::uint64_t> begins;
  for (std::uint64_t epoch = 0; epoch < 200; ++epoch) begins.insert(windows.begin(epoch, 0));
  EXPECT_EQ(begins, (std::set<std::uint64_t>{0, 1, 2, 3}));
}

TEST(Windows, CountsAreExactAtTheEnd) {
  for (std::int64_t size = 2; size < 40; ++size) {
    for (std::int64_t length = 1; length < size; ++length) {
      for (std::int64_t stride = 1; stride <= length; ++stride) {
        const Windows windows(
            tokens(random_ids(static_cast<std::size_t>(size), 100, 8)),
            {.length = length, .stride = stride, .sampling = WindowSampling::kInOrder});
        std::uint64_t fitting = 0;
        for (std::int64_t at = 0; at + length < size; at += stride) ++fitting;
        ASSERT_EQ(windows.size(), fitting) << size << ' ' << length << ' ' << stride;
      }
    }
  }
  EXPECT_THROW(Windows(tokens(random_ids(10, 100, 9)), {.length = 10}), std::invalid_argument);
  EXPECT_THROW(Windows(tokens(random_ids(10, 100, 9)), {.length = 0}), std::invalid_argument);
}

TEST(Windows, ABatchGoesOnInTheNextEpoch) {
  const Windows windows(tokens(random_ids(53, 100, 10)), {.length = 5, .seed = 2});
  ASSERT_EQ(windows.size(), 10U);
  Ids inputs(4 * 5), targets(4 * 5);
  WindowPosition position;
  for (std::uint64_t batch = 0; batch < 10; ++batch) {
    EXPECT_EQ(position.epoch, windows.position_after(4 * batch).epoch);
    EXPECT_EQ(position.index, windows.position_after(4 * batch).index);
    position = windows.read_batch(position, inputs, targets);
    for (std::uint64_t row = 0; row < 4; ++row) {
      const auto [epoch, index] = windows.position_after(4 * batch + row);
      Ids one(5), next(5);
      windows.read(epoch, index, one, next);
      ASSERT_TRUE(std::ranges::equal(one, std::span(inputs).subspan(5 * row, 5)));
      ASSERT_TRUE(std::ranges::equal(next, std::span(targets).subspan(5 * row, 5)));
    }
  }
}

TEST(Windows, AnyThreadReadsAnyWindow) {
  const Windows windows(tokens(random_ids(2001, 100, 11)), {.length = 20, .seed = 2});
  std::vector<Ids> read(2);
  {
    std::vector<std::jthread> threads;
    for (Ids& out : read) {
      threads.emplace_back([&] {
        Ids inputs(2000), targets(2000);
        windows.read_batch({}, inputs, targets);
        out = targets;
      });
    }
  }
  EXPECT_EQ(read[0], read[1]);
}

TEST(EvalWindows, ScoreEachTokenButTheFirstOnce) {
  for (std::uint64_t size = 2; size < 40; ++size) {
    for (std::int64_t length = 1; length < 20; ++length) {
      for (std::int64_t stride = 1; stride <= length; ++stride) {
        const EvalWindows windows(size, length, stride);
        std::uint64_t next = 1;  // the target that is to be scored
        for (std::uint64_t i = 0; i < windows.size(); ++i) {
          const EvalWindow w = windows[i];
          ASSERT_GT(w.scored, 0);
          ASSERT_LE(w.scored, w.length);
          ASSERT_LE(w.length, length);
          ASSERT_EQ(w.begin, i * static_cast<std::uint64_t>(stride));
          ASSERT_TRUE(w.length == length || i + 1 == windows.size());
          const std::uint64_t end = w.begin + static_cast<std::uint64_t>(w.length);  // last target
          ASSERT_EQ(end + 1 - static_cast<std::uint64_t>(w.scored), next);
          next = end + 1;
        }
        ASSERT_EQ(next, size) << length << ' ' << stride;
      }
    }
  }
  EXPECT_THROW(EvalWindows(1, 4, 4), std::invalid_argument);
  EXPECT_THROW(EvalWindows(9, 4, 5), std::invalid_argument);
  EXPECT_THROW(EvalWindows(9, 4, 0), std::invalid_argument);
}

}  // namespace
}  // namespace hyena::datasets
