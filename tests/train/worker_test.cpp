#include "train/jobs/worker.h"

#include <future>
#include <map>
#include <new>
#include <vector>

#include <gtest/gtest.h>

#include "backbone/options.h"

namespace hyena::train {
namespace {

/// Keeps every event and lets tests wait for the end of a job.
class Record {
 public:
  Worker::Listener listener() {
    return [this](const JobEvent& event) {
      const std::lock_guard lock(mutex_);
      events_.push_back(event);
      changed_.notify_all();
    };
  }
  JobEvent wait_for(std::uint64_t number, JobState state) {
    std::unique_lock lock(mutex_);
    const JobEvent* found = nullptr;
    changed_.wait(lock, [&] {
      for (const auto& event : events_) {
        if (event.number == number && event.state == state) found = &event;
      }
      return found != nullptr;
    });
    return *found;
  }
  int count(std::uint64_t number, JobState state) {
    const std::lock_guard lock(mutex_);
    int n = 0;
    for (const auto& event : events_) n += event.number == number && event.state == state;
    return n;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<JobEvent> events_;
};

/// Works until it is cancelled.
std::any endless(const JobContext& context) {
  for (std::int64_t i = 0;; ++i) {
    context.progress("step", i, 0);
    std::this_thread::yield();
  }
}

TEST(Worker, RunsJobsInOrderOnItsOwnThread) {
  Record record;
  Worker worker(record.listener());
  std::vector<int> order;
  std::thread::id thread;
  worker.submit({.title = "first", .work = [&](const JobContext&) -> std::any {
                   order.push_back(1);
                   return {};
                 }});
  const auto second = worker.submit({.title = "second", .work = [&](const JobContext& context) {
                                       order.push_back(2);
                                       thread = std::this_thread::get_id();
                                       context.progress("layer", 3, 12);
                                       return std::any(41);
                                     }});
  const auto event = record.wait_for(second, JobState::done);
  EXPECT_EQ(order, (std::vector{1, 2}));
  EXPECT_EQ(thread, worker.thread());
  EXPECT_NE(thread, std::this_thread::get_id());
  EXPECT_EQ(std::any_cast<int>(event.result), 41);
  EXPECT_EQ(event.title, "second");
  EXPECT_EQ(event.progress.step, "layer");
  EXPECT_EQ(event.progress.done, 3);
  EXPECT_EQ(event.progress.total, 12);
}

TEST(Worker, CancelsWhatRunsAndWhatWaits) {
  Record record;
  Worker worker(record.listener());
  bool ran = false;
  const auto running = worker.submit({.title = "long", .work = endless});
  const auto waiting = worker.submit({.title = "never", .work = [&](const JobContext&) {
                                        ran = true;
                                        return std::any();
                                      }});
  record.wait_for(running, JobState::running);
  worker.cancel(waiting);
  record.wait_for(waiting, JobState::cancelled);
  worker.cancel(running);
  record.wait_for(running, JobState::cancelled);
  const auto last =
      worker.submit({.title = "last", .work = [](const JobContext&) { return std::any(1); }});
  record.wait_for(last, JobState::done);
  EXPECT_FALSE(ran);
  EXPECT_EQ(record.count(running, JobState::failed), 0);
}

TEST(Worker, ANewerRequestOfASlotReplacesTheOlder) {
  Record record;
  Worker worker(record.listener());
  std::promise<void> go;
  const auto wait = go.get_future().share();
  const auto blocker = worker.submit({.title = "other", .work = [wait](const JobContext&) {
                                        wait.wait();
                                        return std::any(0);
                                      }});
  record.wait_for(blocker, JobState::running);
  std::vector<std::uint64_t> numbers;
  for (int i = 0; i < 5; ++i) {
    numbers.push_back(worker.submit({.title = "view",
                                     .slot = "view 1",
                                     .work = [i](const JobContext&) { return std::any(i); }}));
    EXPECT_EQ(worker.waiting(), 1U);
  }
  EXPECT_TRUE(std::ranges::is_sorted(numbers));
  go.set_value();
  EXPECT_EQ(std::any_cast<int>(record.wait_for(numbers.back(), JobState::done).result), 4);
  for (std::size_t i = 0; i + 1 < numbers.size(); ++i) {
    EXPECT_EQ(record.count(numbers[i], JobState::cancelled), 1);
    EXPECT_EQ(record.count(numbers[i], JobState::running), 0);
  }
  EXPECT_EQ(record.count(blocker, JobState::done), 1) << "another slot's job is left alone";
}

TEST(Worker, ARunningRequestOfTheSlotIsAskedToStopAndItsLateResultDropped) {
  Record record;
  Worker worker(record.listener());
  std::promise<void> go;
  const auto wait = go.get_future().share();
  // Looks at nothing: finishes after it was replaced.
  const auto late = worker.submit({.title = "a", .slot = "s", .work = [wait](const JobContext&) {
                                     wait.wait();
                                     return std::any(1);
                                   }});
  record.wait_for(late, JobState::running);
  const auto newer = worker.submit(
      {.title = "b", .slot = "s", .work = [](const JobContext&) { return std::any(2); }});
  go.set_value();
  record.wait_for(newer, JobState::done);
  EXPECT_EQ(record.count(late, JobState::done), 0);
  EXPECT_EQ(record.count(late, JobState::cancelled), 1);
}

TEST(Worker, ErrorsCarryASentenceAndTheWholeMessage) {
  Record record;
  Worker worker(record.listener());
  const auto number = worker.submit({.title = "x", .work = [](const JobContext&) -> std::any {
                                       throw std::runtime_error("it broke\nframe 0\nframe 1");
                                     }});
  const auto error = record.wait_for(number, JobState::failed).error;
  EXPECT_EQ(error.sentence, "it broke");
  EXPECT_EQ(error.details, "it broke\nframe 0\nframe 1");
  const auto after =
      worker.submit({.title = "y", .work = [](const JobContext&) { return std::any(3); }});
  record.wait_for(after, JobState::done);
}

TEST(JobErrorTest, NamesTheKind) {
  const auto of = [](const auto& error) { return job_error(std::make_exception_ptr(error)); };
  EXPECT_EQ(of(backbone::OptionError("layer must be 0 … 3")).kind, "settings");
  EXPECT_EQ(of(std::bad_alloc()).kind, "out of memory");
  EXPECT_NE(of(std::bad_alloc()).sentence.find("Unload"), std::string::npos);
  EXPECT_EQ(of(std::runtime_error("CUDA out of memory. Tried 3 GiB")).kind, "out of memory");
  EXPECT_EQ(of(std::system_error(std::make_error_code(std::errc::no_such_file_or_directory))).kind,
            "file");
  EXPECT_EQ(of(4).kind, "error");
  EXPECT_FALSE(of(4).sentence.empty());
}

TEST(Worker, EndsWhileAJobRuns) {
  Record record;
  std::uint64_t running = 0, waiting = 0;
  {
    Worker worker(record.listener());
    running = worker.submit({.title = "long", .work = endless});
    waiting = worker.submit({.title = "waits", .work = endless});
    record.wait_for(running, JobState::running);
  }
  EXPECT_EQ(record.count(running, JobState::cancelled), 1);
  EXPECT_EQ(record.count(waiting, JobState::cancelled), 1);
}

TEST(Worker, StopReturnsAtOnceAndRefusesMoreWork) {
  Record record;
  Worker worker(record.listener());
  std::promise<void> go;
  const auto wait = go.get_future().share();
  const auto number = worker.submit({.title = "stubborn", .work = [wait](const JobContext&) {
                                       wait.wait();
                                       return std::any(1);
                                     }});
  record.wait_for(number, JobState::running);
  worker.stop();  // does not wait: the job still waits for us
  EXPECT_FALSE(worker.stopped());
  const auto refused = worker.submit({.title = "late", .work = endless});
  EXPECT_EQ(record.count(refused, JobState::cancelled), 1);
  go.set_value();
  record.wait_for(number, JobState::cancelled);
}

TEST(Worker, WhatAJobHoldsIsFreedOnTheWorkersThread) {
  struct Held {
    std::promise<std::thread::id>* where;
    ~Held() { where->set_value(std::this_thread::get_id()); }
  };
  Record record;
  Worker worker(record.listener());
  std::promise<std::thread::id> where;
  worker.submit(
      {.title = "unload",
       .work = [held = std::make_shared<Held>(&where)](const JobContext&) { return std::any(); }});
  EXPECT_EQ(where.get_future().get(), worker.thread());
}

}  // namespace
}  // namespace hyena::train
