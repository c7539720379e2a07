#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace hyena::datasets {

/// Threads that work on jobs made of numbered parts. Jobs are finished for the caller in the order
/// of submission, whatever order the parts ran in; how many jobs are under way is up to the caller.
/// Except for the work itself, all calls come from one thread. Knows nothing of tensors, so that it
/// can be checked under ThreadSanitizer by itself.
class WorkerPool {
 public:
  /// Called once for each part 0 … parts − 1, on any thread, parts of a job at the same time.
  using Work = std::function<void(std::int64_t part)>;

  /// With 0 threads the work is done inside wait(), by the caller.
  explicit WorkerPool(std::int64_t threads);
  /// cancel(), then joins the threads.
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  std::int64_t threads() const { return static_cast<std::int64_t>(threads_.size()); }

  /// Appends a job; returns at once.
  void submit(std::int64_t parts, Work work);

  /// Waits for the oldest job and forgets it. When parts threw, the exception of the lowest one is
  /// rethrown: the same one for any number of threads. Requires that a job was submitted.
  void wait();

  /// Drops what has not started, waits for the parts that run, forgets all jobs and their errors.
  void cancel();

 private:
  struct Job {
    std::int64_t parts = 0;
    Work work;
    std::int64_t started = 0;
    std::int64_t finished = 0;
    std::int64_t failed_part = 0;  ///< where `error` is set
    std::exception_ptr error;
  };

  void run();
  /// Takes the next part of the oldest job that has one; nullptr when there is none.
  Job* take(std::int64_t& part);
  /// Runs a part without the lock and books it.
  void work_on(Job& job, std::int64_t part, std::unique_lock<std::mutex>& lock);

  std::mutex mutex_;
  std::condition_variable work_;  ///< there may be a part to take, or it is time to leave
  std::condition_variable done_;  ///< a job finished
  std::deque<std::unique_ptr<Job>> jobs_;
  bool leaving_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace hyena::datasets
