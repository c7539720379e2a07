#include "datasets/worker_pool.h"

#include <atomic>
#include <chrono>
#include <numeric>
#include <stdexcept>
#include <thread>

#include <gtest/gtest.h>

namespace hyena::datasets {
namespace {

class WorkerPools : public testing::TestWithParam<int> {};

TEST_P(WorkerPools, FinishEveryPartOfJobsInOrder) {
  WorkerPool pool(GetParam());
  std::vector<std::vector<int>> results(50);
  for (std::size_t job = 0; job < results.size(); ++job) {
    results[job].resize(job % 7);
    pool.submit(static_cast<std::int64_t>(job % 7), [&results, job](std::int64_t part) {
      results[job][static_cast<std::size_t>(part)] +=
          static_cast<int>(100 * job) + static_cast<int>(part);
    });
  }
  for (std::size_t job = 0; job < results.size(); ++job) {
    pool.wait();
    for (std::size_t part = 0; part < results[job].size(); ++part) {
      EXPECT_EQ(results[job][part], static_cast<int>(100 * job + part));
    }
  }
}

TEST_P(WorkerPools, RethrowTheErrorOfTheLowestPart) {
  WorkerPool pool(GetParam());
  for (int repeat = 0; repeat < 20; ++repeat) {
    pool.submit(8, [](std::int64_t part) {
      if (part == 3) std::this_thread::sleep_for(std::chrono::microseconds(200));
      if (part >= 3) throw std::runtime_error("part " + std::to_string(part));
    });
    try {
      pool.wait();
      ADD_FAILURE() << "nothing was thrown";
    } catch (const std::runtime_error& error) {
      EXPECT_STREQ(error.what(), "part 3");
    }
  }
  pool.submit(1, [](std::int64_t) {});
  EXPECT_NO_THROW(pool.wait());  // an error belongs to its own job
}

TEST_P(WorkerPools, CancelWaitsForRunningPartsAndDropsTheRest) {
  WorkerPool pool(GetParam());
  for (int repeat = 0; repeat < 30; ++repeat) {
    std::atomic<int> running = 0;
    for (int job = 0; job < 20; ++job) {
      pool.submit(20, [&running](std::int64_t) {
        ++running;
        std::this_thread::sleep_for(std::chrono::microseconds(20));
        --running;
      });
    }
    if (repeat % 2 == 0) pool.wait();
    pool.cancel();
    EXPECT_EQ(running, 0);
  }
  EXPECT_THROW(pool.wait(), std::logic_error);
}

TEST_P(WorkerPools, LeaveFromAnyState) {
  std::atomic<int> done = 0;
  for (int repeat = 0; repeat < 50; ++repeat) {
    WorkerPool pool(GetParam());
    for (int job = 0; job < repeat % 4; ++job) {
      pool.submit(10, [&done](std::int64_t part) {
        ++done;
        if (part == 5) throw std::runtime_error("never seen");
      });
    }
  }
  SUCCEED() << done;
}

INSTANTIATE_TEST_SUITE_P(Threads, WorkerPools, testing::Values(0, 1, 2, 5));

TEST(WorkerPool, ThreadsShareTheWorkOfOneJob) {
  WorkerPool pool(2);
  // Each part waits for the other one: only two threads at once get through.
  std::atomic<int> arrived = 0;
  pool.submit(2, [&arrived](std::int64_t) {
    ++arrived;
    while (arrived < 2) std::this_thread::yield();
  });
  pool.wait();
  EXPECT_EQ(arrived, 2);
}

}  // namespace
}  // namespace hyena::datasets
