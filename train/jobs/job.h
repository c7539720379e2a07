#pragma once

#include <any>
#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>

/// Work away from a window's thread: a queue on a thread of its own, progress, cancel, result or
/// error. Neither Qt nor LibTorch.
namespace hyena::train {

/// Thrown out of a job that was asked to stop.
class JobCancelled : public std::runtime_error {
 public:
  JobCancelled() : std::runtime_error("cancelled") {}
};

enum class JobState { waiting, running, done, failed, cancelled };

/// Why there is no result: a sentence for the user, and all that is known for a report.
struct JobError {
  std::string kind = {};  ///< "out of memory", "file", "settings", "error"
  std::string sentence = {};
  std::string details = {};  ///< the whole message, with a library's back trace
};

/// Sentence: the first line; LibTorch's traces go into the details. Refused memory gets advice.
JobError job_error(std::exception_ptr thrown);

struct JobProgress {
  std::string step = {};
  std::int64_t done = 0, total = 0;  ///< total 0: unknown
};

/// What happened to a job. `number` rises with every submitted job of the process: of two results
/// the one with the higher number is the newer.
struct JobEvent {
  std::uint64_t number = 0;
  std::string title = {}, slot = {};
  JobState state = JobState::waiting;
  JobProgress progress = {};
  std::any result = {};  ///< where done
  JobError error = {};   ///< where failed
  double seconds = 0;    ///< of work so far

  bool finished() const { return state > JobState::running; }
};

/// A job's line to its queue, on the thread that runs it.
class JobContext {
 public:
  JobContext(const std::atomic<bool>& stop, std::function<void(const JobProgress&)> report)
      : stop_(stop), report_(std::move(report)) {}

  bool cancelled() const { return stop_.load(std::memory_order_relaxed); }
  /// Throws JobCancelled where the job was asked to stop.
  void progress(const std::string& step, std::int64_t done, std::int64_t total) const {
    check();
    report_({.step = step, .done = done, .total = total});
  }
  void check() const {
    if (cancelled()) throw JobCancelled();
  }

 private:
  const std::atomic<bool>& stop_;
  std::function<void(const JobProgress&)> report_;
};

struct Job {
  std::string title = {};
  /// A waiting job of the same slot gives way to this one, a running one is asked to stop. Empty:
  /// every job of this kind counts.
  std::string slot = {};
  std::function<std::any(const JobContext& context)> work;
};

}  // namespace hyena::train
