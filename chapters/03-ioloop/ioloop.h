// The event loop: one thread that waits for events and timers, and calls the functions registered
// for them.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "01-blocking-server/socket.h"
#include "03-ioloop/clock.h"
#include "03-ioloop/signals.h"
#include "03-ioloop/timers.h"
#include "03-ioloop/waker.h"

namespace mini {

// [record]
// The loop slept from `asleep` until `awake`. From there until the next record's `asleep` it works,
// and serves nobody else: a turn.
struct Record {
  double asleep;
  double awake;
};
// [/record]

// [iteration]
// start() repeats this until stop():
//   1. run the callbacks that were queued when the iteration began;
//   2. run the timers that are due, earliest first;
//   3. return if stop() was called;
//   4. compute how long to wait: not at all if a callback is queued, else until the next timer;
//   5. wait for events (epoll_wait);
//   6. call the handler of each event, unless it has been removed meanwhile.
// [/iteration]
//
// Only add_callback and stop may be called from another thread. An exception from a callback, timer
// or handler is written to stderr, and the loop goes on.
class IOLoop {
 public:
  // [events]
  static constexpr std::uint32_t READ = 0x001;   // EPOLLIN: a read would not block
  static constexpr std::uint32_t WRITE = 0x004;  // EPOLLOUT: a write would not block
  static constexpr std::uint32_t ERROR = 0x018;  // EPOLLERR | EPOLLHUP: reported unasked
  // [/events]

  // Called with the descriptor and its events: any combination of READ, WRITE and ERROR.
  using EventHandler = std::function<void(int fd, std::uint32_t events)>;

  // The clock must outlive the loop.
  explicit IOLoop(Clock& clock = real_clock());
  ~IOLoop();
  IOLoop(const IOLoop&) = delete;
  IOLoop& operator=(const IOLoop&) = delete;

  // Returns the oldest loop of this thread that still exists. Throws std::logic_error if there is
  // none.
  static IOLoop& current();

  // Runs until stop(). A stop() called earlier counts: the first iteration is then the last.
  void start();
  // Makes start() return once the callbacks queued so far have run. Callable from any thread.
  void stop();

  // [interface]
  // Calls `handler` as long as one of `events` holds for `fd` (level-triggered). Throws
  // std::invalid_argument if `fd` has a handler, std::system_error if epoll cannot watch it. The
  // caller still owns the descriptor, and must remove the handler before closing it.
  void add_handler(int fd, EventHandler handler, std::uint32_t events);
  // Changes the events; with 0 only ERROR is reported. Throws std::invalid_argument if `fd` has no
  // handler.
  void update_handler(int fd, std::uint32_t events);
  // Removes the handler: it is not called again, not even for an event already fetched from the
  // kernel. Does nothing if `fd` has no handler.
  void remove_handler(int fd);

  // Calls `callback` in the next iteration. Callable from any thread.
  void add_callback(Callback callback);

  // Calls `callback` once, `seconds` from now.
  Timeout call_later(double seconds, Callback callback);
  // Cancels a timer. Does nothing if it has run or was removed already.
  void remove_timeout(const Timeout& timeout);

  // Adds `callback` to the queue each time the signal arrives; a second handler replaces the first.
  // The signal loses its default effect. signals.h says what that means for threads.
  void add_signal_handler(int signal_number, Callback callback);

  // Calls `probe` after each sleep; an empty function ends that.
  void set_probe(std::function<void(const Record&)> probe) { probe_ = std::move(probe); }

  // Returns the loop's time in seconds. Timers use no other clock.
  double time() const { return clock_.now(); }
  // [/interface]

  // Owns `object` until the loop is destroyed, whose first act is to free it.
  void keep(std::shared_ptr<void> object) { kept_.push_back(std::move(object)); }

  // Calls `callback` now. An exception is written to stderr and goes no further.
  static void run_callback(const Callback& callback);

 private:
  void run_callbacks();
  void run_timers();
  int milliseconds_to_sleep();
  void wait_for_events(int milliseconds);
  void handle_events();
  void handle_signals();
  void control(int operation, int fd, std::uint32_t events);

  Clock& clock_;
  Socket epoll_;  // Socket owns any descriptor
  Waker waker_;
  bool stopping_ = false;
  std::function<void(const Record&)> probe_;

  std::map<int, std::shared_ptr<const EventHandler>> handlers_;
  std::map<int, std::uint32_t> pending_;  // fetched from the kernel, handler not called yet
  Timers timers_;

  std::mutex mutex_;  // guards callbacks_
  std::vector<Callback> callbacks_;

  std::unique_ptr<Signals> signals_;  // created by the first add_signal_handler
  std::map<int, Callback> signal_handlers_;

  std::vector<std::shared_ptr<void>> kept_;
};

}  // namespace mini
