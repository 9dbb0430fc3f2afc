// Internal header: how signal handlers reach a loop.
#pragma once

#include <tornado/ioloop.h>

#include <array>
#include <atomic>
#include <map>

namespace tornado::ioloop::detail {

// The signals that one loop watches, and the calls that signal handlers have left for it.
class SignalWatch {
 public:
  SignalWatch() = default;
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;
  ~SignalWatch() { clear(); }

  void set(int signal, const core::Ref<core::RepeatedCallback>& callback,
           const core::Ref<Mailbox>& mailbox);
  void remove(int signal);
  void clear();

  // Signal handlers and any thread. Leaves a call for the loop; returns false if there is no room.
  bool leave(void (*function)(void*), void* argument) noexcept;

  // The loop's thread, when woken. Calls the callbacks of the signals that came, and the calls that
  // were left.
  void deliver();

 private:
  struct Slot {
    std::atomic<int> state = 0;  // free, being written, full
    void (*function)(void*) = nullptr;
    void* argument = nullptr;
  };

  std::map<int, core::Ref<core::RepeatedCallback>> callbacks_;
  void run_left_calls() noexcept;

  std::array<Slot, IOLoop::kSignalSlots> slots_;
  std::atomic<bool> left_ = false;
};

}  // namespace tornado::ioloop::detail
