#include "loop/signals.h"

#include <signal.h>

#include <cerrno>
#include <mutex>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "loop/loop_state.h"
#include "loop/mailbox.h"

namespace tornado::ioloop::detail {
namespace {

// For each signal, the mailbox to wake, and whether the signal has come. Signals belong to the
// process, so this table does too.
struct Watched {
  std::atomic<Mailbox*> mailbox = nullptr;
  std::atomic<bool> came = false;
  std::atomic<int> handlers_at_work = 0;
  SignalWatch* owner = nullptr;  // guarded by watched_mutex
  core::Ref<Mailbox> keep;       // guarded by watched_mutex
  struct sigaction before{};     // guarded by watched_mutex
};

Watched& watched(int signal) {
  // Never destroyed, because a signal may come while the program ends.
  static auto& table = *new std::array<Watched, NSIG>;
  return table[static_cast<std::size_t>(signal)];
}

std::mutex& watched_mutex() {
  static std::mutex mutex;
  return mutex;
}

extern "C" void tornado_on_signal(int signal) {
  Watched& entry = watched(signal);
  entry.handlers_at_work.fetch_add(1);
  entry.came.store(true);
  if (Mailbox* mailbox = entry.mailbox.load()) mailbox->wake();
  entry.handlers_at_work.fetch_sub(1);
}

// With watched_mutex held. When it returns, no handler uses the mailbox any more, on any thread.
void let_go_of_mailbox(Watched& entry) {
  entry.mailbox.store(nullptr);
  while (entry.handlers_at_work.load() != 0) std::this_thread::yield();
  entry.keep = {};
  entry.owner = nullptr;
}

enum SlotState : int { kFree, kWriting, kFull };

}  // namespace

void SignalWatch::set(int signal, const core::Ref<core::RepeatedCallback>& callback,
                      const core::Ref<Mailbox>& mailbox) {
  if (signal <= 0 || signal >= NSIG) {
    throw std::invalid_argument("unknown signal " + std::to_string(signal));
  }
  const std::lock_guard lock(watched_mutex());
  Watched& entry = watched(signal);
  if (entry.owner != nullptr && entry.owner != this) {
    throw std::logic_error("another loop has a handler for signal " + std::to_string(signal));
  }
  if (entry.owner == nullptr) {
    entry.keep = mailbox;
    entry.mailbox.store(mailbox.get());
    entry.came.store(false);
    struct sigaction action{};
    action.sa_handler = &tornado_on_signal;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    if (::sigaction(signal, &action, &entry.before) < 0) {
      const int error = errno;
      let_go_of_mailbox(entry);
      throw std::system_error(error, std::generic_category(), "sigaction");
    }
    entry.owner = this;
  }
  callbacks_[signal] = callback;
}

void SignalWatch::remove(int signal) {
  if (callbacks_.erase(signal) == 0) return;
  const std::lock_guard lock(watched_mutex());
  Watched& entry = watched(signal);
  ::sigaction(signal, &entry.before, nullptr);
  let_go_of_mailbox(entry);
}

void SignalWatch::clear() {
  while (!callbacks_.empty()) remove(callbacks_.begin()->first);
}

bool SignalWatch::leave(void (*function)(void*), void* argument) noexcept {
  for (Slot& slot : slots_) {
    int expected = kFree;
    if (!slot.state.compare_exchange_strong(expected, kWriting)) continue;
    slot.function = function;
    slot.argument = argument;
    slot.state.store(kFull);
    left_.store(true);
    return true;
  }
  return false;
}

void SignalWatch::run_left_calls() noexcept {
  for (Slot& slot : slots_) {
    if (slot.state.load() != kFull) continue;
    const auto function = slot.function;
    void* argument = slot.argument;
    slot.state.store(kFree);
    try {
      function(argument);
    } catch (...) {
      core::report_callback_exception();
    }
  }
}

void SignalWatch::deliver() {
  if (left_.exchange(false)) run_left_calls();
  std::vector<int> due;
  for (const auto& [signal, callback] : callbacks_) {
    if (watched(signal).came.exchange(false)) due.push_back(signal);
  }
  for (const int signal : due) {
    const auto found = callbacks_.find(signal);
    if (found == callbacks_.end()) continue;  // an earlier callback removed it
    const auto callback = found->second;      // it may replace itself
    core::let_run(call_and_report(*callback));
  }
}

}  // namespace tornado::ioloop::detail
