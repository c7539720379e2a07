#include "datasets/worker_pool.h"

#include <chrono>
#include <stdexcept>
#include <utility>

namespace hyena::datasets {
namespace {

/// condition.wait(lock, holds), but looks again each second: glibc before 2.41 can lose a wake-up
/// (its bug 25847), and a training run must not stand still for that. The system clock, because
/// ThreadSanitizer does not know the wait on the steady one.
template <class Holds>
void wait_for(std::condition_variable& condition, std::unique_lock<std::mutex>& lock, Holds holds) {
  while (!holds()) {
    condition.wait_until(lock, std::chrono::system_clock::now() + std::chrono::seconds(1));
  }
}

}  // namespace

WorkerPool::WorkerPool(std::int64_t threads) {
  if (threads < 0) throw std::invalid_argument("WorkerPool: a negative number of threads");
  try {
    for (std::int64_t i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
  } catch (...) {  // the system has no more threads: the ones that started must be joined
    {
      const std::lock_guard lock(mutex_);
      leaving_ = true;
    }
    work_.notify_all();
    for (std::thread& thread : threads_) thread.join();
    throw;
  }
}

WorkerPool::~WorkerPool() {
  cancel();
  {
    const std::lock_guard lock(mutex_);
    leaving_ = true;
  }
  work_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void WorkerPool::submit(std::int64_t parts, Work work) {
  auto job = std::make_unique<Job>();
  job->parts = parts;
  job->work = std::move(work);
  {
    const std::lock_guard lock(mutex_);
    jobs_.push_back(std::move(job));
  }
  work_.notify_all();
}

WorkerPool::Job* WorkerPool::take(std::int64_t& part) {
  for (const auto& job : jobs_) {
    if (job->started == job->parts) continue;
    part = job->started++;
    return job.get();
  }
  return nullptr;
}

void WorkerPool::work_on(Job& job, std::int64_t part, std::unique_lock<std::mutex>& lock) {
  lock.unlock();
  std::exception_ptr error;
  try {
    job.work(part);
  } catch (...) {
    error = std::current_exception();
  }
  lock.lock();
  if (error && (!job.error || part < job.failed_part)) {
    job.failed_part = part;
    job.error = std::move(error);
  }
  if (++job.finished == job.parts) done_.notify_all();
}

void WorkerPool::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    std::int64_t part = 0;
    Job* job = nullptr;
    wait_for(work_, lock, [&] { return leaving_ || (job = take(part)) != nullptr; });
    if (job == nullptr) return;
    work_on(*job, part, lock);
  }
}

void WorkerPool::wait() {
  std::unique_lock lock(mutex_);
  if (jobs_.empty()) throw std::logic_error("WorkerPool::wait: no job was submitted");
  Job& job = *jobs_.front();
  if (threads_.empty()) {
    while (job.started < job.parts) work_on(job, job.started++, lock);
  }
  wait_for(done_, lock, [&] { return job.finished == job.parts; });
  const std::exception_ptr error = job.error;
  jobs_.pop_front();
  lock.unlock();
  if (error) std::rethrow_exception(error);
}

void WorkerPool::cancel() {
  std::unique_lock lock(mutex_);
  for (const auto& job : jobs_) job->parts = job->started;
  wait_for(done_, lock, [&] {
    for (const auto& job : jobs_) {
      if (job->finished < job->started) return false;
    }
    return true;
  });
  jobs_.clear();
}

}  // namespace hyena::datasets
