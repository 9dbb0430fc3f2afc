#include "loop/signals.h"

#include <signal.h>

#include <cerrno>
#include <mutex>
#include <system_error>
#include <vector>

#include "loop/mailbox.h"

namespace tornado::ioloop::detail {
namespace {

// Per signal, the mailbox to wake, and whether it has come. Signals belong to the process, so this
// table does too.
struct Watched {
  std::atomic<Mailbox*> mailbox = nullptr;
  std::atomic<bool> came = false;
  SignalWatch* owner = nullptr;   // guarded by watched_mutex
  std::shared_ptr<Mailbox> keep;  // guarded by watched_mutex
  struct sigaction before{};      // guarded by watched_mutex
};

Watched& watched(int signal) {
  static std::array<Watched, NSIG> table;
  return table.at(static_cast<std::size_t>(signal));
}

std::mutex& watched_mutex() {
  static std::mutex mutex;
  return mutex;
}

extern "C" void tornado_on_signal(int signal) {
  Watched& entry = watched(signal);
  entry.came.store(true);
  if (Mailbox* mailbox = entry.mailbox.load()) mailbox->wake();
}

enum SlotState : int { kFree, kWriting, kFull };

}  // namespace

void SignalWatch::set(int signal, std::shared_ptr<RepeatedCallback> callback,
                      const std::shared_ptr<Mailbox>& mailbox) {
  if (signal <= 0 || signal >= NSIG) throw std::invalid_argument("there is no such signal");
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
      entry.mailbox.store(nullptr);
      entry.keep.reset();
      throw std::system_error(errno, std::generic_category(), "sigaction");
    }
    entry.owner = this;
  }
  callbacks_[signal] = std::move(callback);
}

void SignalWatch::remove(int signal) {
  if (callbacks_.erase(signal) == 0) return;
  const std::lock_guard lock(watched_mutex());
  Watched& entry = watched(signal);
  ::sigaction(signal, &entry.before, nullptr);
  entry.mailbox.store(nullptr);
  entry.owner = nullptr;
  // `keep` stays until the next owner: a handler that runs on another thread right now may still
  // hold the pointer.
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

void SignalWatch::deliver() {
  if (left_.exchange(false)) {
    for (Slot& slot : slots_) {
      if (slot.state.load() != kFull) continue;
      const auto function = slot.function;
      void* argument = slot.argument;
      slot.state.store(kFree);
      function(argument);
    }
  }
  std::vector<std::shared_ptr<RepeatedCallback>> due;
  for (const auto& [signal, callback] : callbacks_) {
    if (watched(signal).came.exchange(false)) due.push_back(callback);
  }
  // What a callback throws is logged when its future goes.
  for (const auto& callback : due) callback->call();
}

}  // namespace tornado::ioloop::detail
