#include "loop/blocking_watch.h"

#include <execinfo.h>
#include <signal.h>
#include <tornado/ioloop.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>
#include <mutex>
#include <stdexcept>
#include <system_error>
#include <utility>

#ifndef sigev_notify_thread_id  // as timer_create(2) has it; older headers do not
#define sigev_notify_thread_id _sigev_un._tid
#endif

namespace tornado::ioloop {
namespace detail {
namespace {

constexpr double kLongest = 1e9;
constexpr int kMaxFrames = 64;

// The watch that times this thread. Null when a signal of its timer comes late.
constinit thread_local const BlockingWatch* running_watch = nullptr;

// SIGALRM belongs to the whole process, so this does too.
struct Alarm {
  std::mutex mutex;
  int watches = 0;          // guarded by mutex
  struct sigaction before;  // guarded by mutex
};

Alarm& alarm_state() {
  static Alarm one;
  return one;
}

extern "C" void tornado_on_alarm(int /*signal*/, siginfo_t* info, void* /*context*/) {
  const int saved = errno;
  if (info->si_code == SI_TIMER && running_watch != nullptr) running_watch->fire();
  errno = saved;
}

void take_alarm() {
  Alarm& alarm = alarm_state();
  const std::lock_guard lock(alarm.mutex);
  if (alarm.watches++ > 0) return;
  struct sigaction action{};
  action.sa_sigaction = &tornado_on_alarm;
  action.sa_flags = SA_RESTART | SA_SIGINFO;
  sigemptyset(&action.sa_mask);
  ::sigaction(SIGALRM, &action, &alarm.before);
}

void give_alarm_back() {
  Alarm& alarm = alarm_state();
  const std::lock_guard lock(alarm.mutex);
  if (--alarm.watches == 0) ::sigaction(SIGALRM, &alarm.before, nullptr);
}

// The first backtrace() loads a library, which a signal handler must not do.
[[maybe_unused]] const int preloaded = []() noexcept {
  void* frame = nullptr;
  return ::backtrace(&frame, 1);
}();

void say(const char* text) noexcept {
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text, std::strlen(text));
}

}  // namespace

BlockingWatch::BlockingWatch(double seconds, Action action) : action_(action) {
  if (!(seconds > 0 && seconds <= kLongest)) {
    throw std::invalid_argument("the blocking threshold is " + core::format_seconds(seconds) +
                                " s, but must be above 0 and at most 1e9");
  }
  seconds_.tv_sec = static_cast<time_t>(seconds);
  seconds_.tv_nsec = static_cast<long>((seconds - std::floor(seconds)) * 1e9);
  if (seconds_.tv_sec == 0 && seconds_.tv_nsec == 0) seconds_.tv_nsec = 1;  // 0 would disarm it
  std::to_chars(seconds_text_, seconds_text_ + sizeof seconds_text_ - 1, seconds);
  take_alarm();
}

BlockingWatch::~BlockingWatch() {
  leave();
  give_alarm_back();
}

void BlockingWatch::begin() {
  if (!has_timer_) {
    sigevent event{};
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = SIGALRM;
    event.sigev_notify_thread_id = ::gettid();
    if (::timer_create(CLOCK_MONOTONIC, &event, &timer_) < 0) {
      throw std::system_error(errno, std::generic_category(), "timer_create");
    }
    has_timer_ = true;
  }
  running_watch = this;
  set_timer(seconds_);
}

void BlockingWatch::end() noexcept {
  if (!has_timer_) return;
  set_timer({});
  running_watch = nullptr;
}

void BlockingWatch::leave() noexcept {
  end();
  if (std::exchange(has_timer_, false)) ::timer_delete(timer_);
}

void BlockingWatch::set_timer(const timespec& delay) noexcept {
  itimerspec time{};
  time.it_value = delay;
  ::timer_settime(timer_, 0, &time, nullptr);
}

void BlockingWatch::fire() const noexcept {
  if (action_ != nullptr) return action_(SIGALRM);
  ::signal(SIGALRM, SIG_DFL);
  ::raise(SIGALRM);  // takes effect when the handler returns
}

}  // namespace detail

// Everything here is async-signal-safe.
void IOLoop::log_stack(int /*signal*/) {
  const int saved = errno;
  void* frames[detail::kMaxFrames];
  const int count = ::backtrace(frames, detail::kMaxFrames);
  if (detail::running_watch != nullptr) {
    detail::say("IOLoop blocked for ");
    detail::say(detail::running_watch->seconds_text());
    detail::say(" seconds in\n");
  } else {
    detail::say("The stack of this thread:\n");
  }
  ::backtrace_symbols_fd(frames, count, STDERR_FILENO);
  errno = saved;
}

}  // namespace tornado::ioloop
