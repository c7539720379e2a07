#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "train/jobs/job.h"

namespace hyena::train {

/// One thread with a queue: whatever is not for several threads at once, a model for example, is
/// used by the jobs of one worker alone. No lock is held while a job runs, so every call returns at
/// once, except the destructor.
class Worker {
 public:
  /// Told of every change of every job, in order for each job: on the worker's thread, or on the
  /// caller's for what submit() and cancel() change. It must not call the worker.
  using Listener = std::function<void(const JobEvent&)>;

  explicit Worker(Listener listener);
  /// stop(), then waits for the running job to notice.
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// Returns the job's number. After stop() the job is reported as cancelled.
  std::uint64_t submit(Job job);
  /// A waiting job is taken out; a running one is asked. Nothing for a number that is done.
  void cancel(std::uint64_t number);
  void cancel_slot(const std::string& slot);
  void cancel_all();
  /// Cancels everything and takes no more work. The thread ends once the running job has noticed.
  void stop();
  /// The thread has nothing left to do: after stop(), the destructor returns at once.
  bool stopped() const;
  std::size_t waiting() const;
  std::thread::id thread() const { return thread_.get_id(); }

 private:
  struct Entry {
    Job job = {};
    JobEvent event = {};
    std::atomic<bool> stop = false;
  };
  using Entries = std::deque<std::shared_ptr<Entry>>;

  void run();
  void run(Entry& entry);
  void tell_cancelled(const Entries& entries) const;
  template <class Matches>
  Entries take_out(const Matches& matches);

  Listener listener_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  Entries queue_;
  std::shared_ptr<Entry> running_;
  bool stop_ = false;
  bool ended_ = false;
  std::thread thread_;  ///< last: it uses all of the above
};

}  // namespace hyena::train
