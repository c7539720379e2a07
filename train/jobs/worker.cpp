#include "train/jobs/worker.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace hyena::train {
namespace {

std::uint64_t next_number() {
  static std::atomic<std::uint64_t> last = 0;
  return ++last;
}

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

Worker::Worker(Listener listener) : listener_(std::move(listener)), thread_([this] { run(); }) {}

Worker::~Worker() {
  stop();
  thread_.join();
}

/// What matches leaves the queue; the running job is asked to stop where it matches. Under lock.
template <class Matches>
Worker::Entries Worker::take_out(const Matches& matches) {
  Entries out;
  const auto kept = std::stable_partition(queue_.begin(), queue_.end(),
                                          [&](const auto& entry) { return !matches(*entry); });
  out.assign(kept, queue_.end());
  queue_.erase(kept, queue_.end());
  if (running_ && matches(*running_)) running_->stop = true;
  return out;
}

void Worker::tell_cancelled(const Entries& entries) const {
  for (const auto& entry : entries) {
    auto event = entry->event;
    event.state = JobState::cancelled;
    listener_(event);
  }
}

std::uint64_t Worker::submit(Job job) {
  auto entry = std::make_shared<Entry>();
  const auto number = next_number();
  entry->event.number = number;
  entry->event.title = job.title;
  entry->event.slot = job.slot;
  entry->job = std::move(job);
  listener_(entry->event);
  Entries out;
  {
    const std::lock_guard lock(mutex_);
    const auto& slot = entry->event.slot;
    if (!slot.empty()) {
      out = take_out([&](const Entry& other) { return other.event.slot == slot; });
    }
    (stop_ ? out : queue_).push_back(std::move(entry));
  }
  tell_cancelled(out);
  wake_.notify_one();
  return number;
}

void Worker::cancel(std::uint64_t number) {
  Entries out;
  {
    const std::lock_guard lock(mutex_);
    out = take_out([&](const Entry& entry) { return entry.event.number == number; });
  }
  tell_cancelled(out);
}

void Worker::cancel_slot(const std::string& slot) {
  Entries out;
  {
    const std::lock_guard lock(mutex_);
    out = take_out([&](const Entry& entry) { return entry.event.slot == slot; });
  }
  tell_cancelled(out);
}

void Worker::cancel_all() {
  Entries out;
  {
    const std::lock_guard lock(mutex_);
    out = take_out([](const Entry&) { return true; });
  }
  tell_cancelled(out);
}

void Worker::stop() {
  Entries out;
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
    out = take_out([](const Entry&) { return true; });
  }
  tell_cancelled(out);
  wake_.notify_one();
}

bool Worker::stopped() const {
  const std::lock_guard lock(mutex_);
  return ended_;
}

std::size_t Worker::waiting() const {
  const std::lock_guard lock(mutex_);
  return queue_.size();
}

void Worker::run() {
  for (;;) {
    std::shared_ptr<Entry> entry;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stop_ || !queue_.empty(); });
      if (stop_) {
        ended_ = true;
        return;
      }
      entry = queue_.front();
      queue_.pop_front();
      running_ = entry;
    }
    run(*entry);
    const std::lock_guard lock(mutex_);
    running_.reset();
  }
}

void Worker::run(Entry& entry) {
  auto& event = entry.event;
  const auto start = std::chrono::steady_clock::now();
  event.state = JobState::running;
  listener_(event);
  const JobContext context(entry.stop, [&](const JobProgress& progress) {
    event.progress = progress;
    event.seconds = seconds_since(start);
    listener_(event);
  });
  try {
    event.result = entry.job.work(context);
    context.check();  // asked too late to be noticed: the result is not wanted all the same
    event.state = JobState::done;
  } catch (const JobCancelled&) {
    event.state = JobState::cancelled;
  } catch (...) {
    // Whatever a job throws on its way out of a cancelled computation is no news.
    event.state = entry.stop ? JobState::cancelled : JobState::failed;
    if (event.state == JobState::failed) event.error = job_error(std::current_exception());
  }
  if (event.state != JobState::done) event.result.reset();
  event.seconds = seconds_since(start);
  // What the job holds, e.g. the last hold of a model, goes here and not in another thread.
  entry.job.work = nullptr;
  listener_(event);
  event.result.reset();
}

}  // namespace hyena::train
