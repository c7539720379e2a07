#include "backbone/ops/aten_executor.h"

#include <atomic>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include "backbone/ops/fftconv.h"

namespace hyena::backbone {
namespace {

class AtenExecutorTest : public testing::Test {
 protected:
  void TearDown() override { at::set_num_threads(before_); }
  const int before_ = at::get_num_threads();
};

TEST_F(AtenExecutorTest, WorksOnAllOfLibTorchsThreads) {
  at::set_num_threads(2);
  const AtenExecutor executor;
  EXPECT_EQ(executor.threads(), 2);
  std::mutex mutex;
  std::set<std::thread::id> threads;
  std::atomic<std::int64_t> pieces = 0;
  executor.run(10, [&](std::int64_t begin, std::int64_t end) {
    const std::lock_guard lock(mutex);
    threads.insert(std::this_thread::get_id());
    pieces += end - begin;
  });
  EXPECT_EQ(pieces, 10);
  EXPECT_EQ(threads.size(), 2U)
      << "at::parallel_for ran on one thread: no OpenMP where it is compiled";
}

TEST_F(AtenExecutorTest, AnExceptionReachesTheCaller) {
  at::set_num_threads(2);
  const auto fail = [](std::int64_t begin, std::int64_t) {
    if (begin > 0) throw std::runtime_error("of the second piece");
  };
  EXPECT_THROW(AtenExecutor().run(2, fail), std::runtime_error);
}

TEST_F(AtenExecutorTest, ResultsAreTheSameBitsOnTwoThreads) {
  at::manual_seed(3);
  const auto k = at::randn({3, 40, 300}), v = at::randn({3, 40, 300}), h = at::randn({40, 300});
  at::set_num_threads(1);
  const auto one = gated_fftconv({}, k, v, h);
  at::set_num_threads(2);
  EXPECT_TRUE(at::equal(one, gated_fftconv({}, k, v, h)));
}

}  // namespace
}  // namespace hyena::backbone
