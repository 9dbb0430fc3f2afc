// The event loop: one thread that sleeps until something happens, then calls who asked for it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "01-blocking-server/socket.h"
#include "03-ioloop/clock.h"
#include "03-ioloop/signals.h"
#include "03-ioloop/timers.h"
#include "03-ioloop/waker.h"

namespace mini {

// [iteration]
// start() repeats this until stop():
//   1. run the callbacks that were queued when the iteration began;
//   2. run the timers that are due, earliest first;
//   3. return, if stop() was called;
//   4. compute how long to sleep: not at all if a callback is queued, else until the next timer;
//   5. ask the kernel for events (epoll_wait);
//   6. call the handler of each; one that is removed meanwhile is not called.
// [/iteration]
//
// Only add_callback and stop may be called from another thread. What a callback, timer or handler
// throws is written to stderr, and the loop goes on.
class IOLoop {
 public:
  // [events]
  static constexpr std::uint32_t READ = 0x001;   // EPOLLIN: a read would not block
  static constexpr std::uint32_t WRITE = 0x004;  // EPOLLOUT: a write would not block
  static constexpr std::uint32_t ERROR = 0x018;  // EPOLLERR | EPOLLHUP: reported unasked
  // [/events]

  // Called with the descriptor and what has happened there: a mix of READ, WRITE and ERROR.
  using EventHandler = std::function<void(int fd, std::uint32_t events)>;

  // The clock must outlive the loop.
  explicit IOLoop(Clock& clock = real_clock());
  ~IOLoop();
  IOLoop(const IOLoop&) = delete;
  IOLoop& operator=(const IOLoop&) = delete;

  // The first loop that was made on this thread and still lives. Throws std::logic_error if there
  // is none.
  static IOLoop& current();

  // Runs until stop(), which may have been called before.
  void start();
  // Lets start() return in the next iteration, when the callbacks queued until then have run. From
  // any thread.
  void stop();

  // [interface]
  // Calls `handler` as long as one of `events` can be done on `fd` (level-triggered). Throws
  // std::invalid_argument if `fd` has a handler, std::system_error if it cannot be watched. The
  // descriptor stays the caller's, who removes the handler before closing it.
  void add_handler(int fd, EventHandler handler, std::uint32_t events);
  // Changes the events; 0 leaves ERROR. Throws std::invalid_argument if `fd` has no handler.
  void update_handler(int fd, std::uint32_t events);
  // No harm if there is none. The handler is not called again, not even for what has happened
  // already.
  void remove_handler(int fd);

  // Calls it in the next iteration. From any thread.
  void add_callback(Callback callback);

  // Calls it once, `seconds` from now.
  Timeout call_later(double seconds, Callback callback);
  // No harm if it has run or was removed.
  void remove_timeout(const Timeout& timeout);

  // Calls it, as any callback, each time the signal has come; a second handler replaces the first.
  // The signal does nothing else from now on. See signals.h for threads.
  void add_signal_handler(int signal_number, Callback callback);

  // Seconds on the loop's clock: the only time that timers know.
  double time() const { return clock_.now(); }
  // [/interface]

  // Calls it now; what it throws is written to stderr.
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

  std::map<int, std::shared_ptr<const EventHandler>> handlers_;
  std::map<int, std::uint32_t> pending_;  // has happened, and its handler was not called yet
  Timers timers_;

  std::mutex mutex_;  // guards callbacks_
  std::vector<Callback> callbacks_;

  std::unique_ptr<Signals> signals_;  // made by the first add_signal_handler
  std::map<int, Callback> signal_handlers_;
};

}  // namespace mini
