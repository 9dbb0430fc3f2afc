// Internal header: the internals of an IOLoop, for the rooms that build on it.
#pragma once

#include <tornado/ioloop.h>

#include <atomic>
#include <cstddef>
#include <memory>
#include <vector>

#include "loop/blocking_watch.h"
#include "loop/mailbox.h"
#include "loop/poll/poller.h"
#include "loop/probe/recorder.h"
#include "loop/timer_heap.h"

namespace tornado::ioloop::detail {

class SignalWatch;

// An object of a higher room, at most one of each class per loop. Freed first when the loop closes.
class LoopLocal {
 public:
  LoopLocal() = default;
  LoopLocal(const LoopLocal&) = delete;
  LoopLocal& operator=(const LoopLocal&) = delete;
  virtual ~LoopLocal() = default;
};

// Calls `callback` and logs what it throws, also if it is a coroutine that fails later.
Future<void> call_and_report(core::RepeatedCallback& callback);

[[noreturn]] void throw_thread_without_loop();
// Throws std::logic_error on a thread that has no loop. For objects that belong to a loop but do
// not know which: on a thread of the program's own, what they write would be lost, and would
// interfere with the loop.
inline void require_thread_with_loop() {
  if (core::thread_state.current == nullptr) throw_thread_without_loop();
}

// All members belong to the loop's thread, except `mailbox`, `stop_requested` and `running`.
struct LoopState {
  explicit LoopState(const IOLoopOptions& options);
  LoopState(const LoopState&) = delete;
  LoopState& operator=(const LoopState&) = delete;
  ~LoopState();

  // Scratch space, in bytes, for a stream that does not know yet how much of a read it will keep.
  // One buffer for all streams: its content is worthless after the handler returns.
  static constexpr std::size_t kScratchSize = 65536;
  char* scratch();

  // Runs `item` once, in step 4 of this iteration, before the loop blocks. A stream requests this
  // at its first write.
  void at_end_of_round(core::Runnable& item) { flushes.push_back(item); }

  // When this iteration's events arrived. Cheap to read, and exact enough for timeouts.
  double round_time = 0;

  core::RunQueue callbacks;
  core::RunQueue ready;
  core::RunQueue flushes;
  core::RunQueue retired;
  TimerHeap timers;
  core::ListHook suspended;  // Suspension::Hook
  core::ListHook jobs;       // concurrent::detail::Job

  core::Ref<Mailbox> mailbox;
  std::atomic<bool> stop_requested = false;
  std::atomic<bool> running = false;
  bool closed = false;

  std::unique_ptr<Poller> poller;
  Clock* clock;
  bool clock_is_real;

  // By class; the address of a variable stands for the class. There are few.
  struct LocalEntry {
    const void* key;
    std::unique_ptr<LoopLocal> object;
  };
  std::vector<LocalEntry> locals;
  // Returns the loop's T, which is made if there is none.
  template <class T>
  T& local() {
    static char key;
    for (const LocalEntry& entry : locals) {
      if (entry.key == &key) return static_cast<T&>(*entry.object);
    }
    return static_cast<T&>(*locals.emplace_back(LocalEntry{&key, std::make_unique<T>()}).object);
  }

  // Handlers by descriptor. The generation distinguishes an event for a removed handler from one
  // for its successor.
  struct Registration {
    EventHandler* handler = nullptr;
    std::uint32_t generation = 0;
  };
  std::vector<Registration> registrations;

  // Null while nobody watches. Then `kept_recorder` may still exist, because a callback that is
  // being recorded may have removed the probe.
  Recorder* recorder = nullptr;
  std::unique_ptr<Recorder> kept_recorder;
  // Makes `probe` the program's, and reports to it what is there already.
  void set_probe(LoopProbe* probe);
  // Called before the loop runs for the first time.
  void begin_trace();
  bool trace_begun = false;

  std::unique_ptr<SignalWatch> signals;
  std::unique_ptr<BlockingWatch> watch;  // null: not requested
  std::unique_ptr<concurrent::Executor> own_executor;
  concurrent::Executor* default_executor = nullptr;

  // ---- the steps of an iteration
  void run_iteration();
  void run_callbacks();
  void run_timers();
  void run_ready();
  void flush();
  int sleep_time_ms();
  void poll_and_dispatch(int timeout_ms);
  void dispatch(const PollEvent& event);
  void run_one(core::Runnable& item, std::uint32_t step) noexcept;
  void free_retired();

  void add_registration(int fd, EventHandler& handler, std::uint32_t events);
  void update_registration(int fd, std::uint32_t events);
  void remove_registration(int fd);
  bool registered(int fd) const noexcept;

  // Asks the coroutine that has waited longest to end, and moves it to the end of the list. Returns
  // false if none waits.
  bool cancel_oldest_wait();

  // ---- the steps of IOLoop::close()
  void free_locals();
  void abandon_jobs();
  void discard_timers();
  void discard_queues() noexcept;
  void free_frames();
  void remove_registrations(bool close_descriptors);

 private:
  class Waker final : public EventHandler {
   public:
    explicit Waker(LoopState& state) : state_(state) {}
    void handle_events(int fd, std::uint32_t events) override;

   private:
    LoopState& state_;
  };
  core::Suspension& innermost(core::Suspension& start);
  void change_probe(LoopProbe* Recorder::* which, LoopProbe* probe);
  void report_what_is_there(LoopProbe* Recorder::* to);

  Waker waker_{*this};
  std::unique_ptr<char[]> scratch_;
};

}  // namespace tornado::ioloop::detail
