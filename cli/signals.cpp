#include "cli/signals.h"

#include <csignal>
#include <cstdlib>
#include <thread>

#include <pthread.h>

namespace hyena::cli {
namespace {

std::atomic<bool> wanted{false};
std::atomic<bool> stop{false};

sigset_t stopping_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  return set;
}

/// As if nobody had blocked it: the parent sees which signal ended us.
void end_by(int signal) {
  std::signal(signal, SIG_DFL);
  const sigset_t set = stopping_signals();
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
  std::raise(signal);
}

}  // namespace

void watch_signals() {
  const sigset_t set = stopping_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::thread([set] {
    for (int signal = 0; sigwait(&set, &signal) == 0;) {
      if (!wanted) end_by(signal);
      if (stop.exchange(true)) std::_Exit(128 + signal);
    }
  }).detach();
}

const std::atomic<bool>& stop_on_signals() {
  wanted = true;
  return stop;
}

}  // namespace hyena::cli
