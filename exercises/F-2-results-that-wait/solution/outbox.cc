#include "F-2-results-that-wait/outbox.h"

#include <utility>

void Outbox::post(std::function<void()> deliver) {
  const std::lock_guard lock(mutex_);
  waiting_.push_back(std::move(deliver));
  if (waiting_.size() == 1) wake();  // one wake-up serves all that wait
}

void Outbox::wake() {
  loop_.add_callback([this] { drain(); });
}

void Outbox::drain() {
  for (std::size_t i = 0; i < kAtOnce; ++i) {
    std::function<void()> deliver;
    {
      const std::lock_guard lock(mutex_);
      if (waiting_.empty()) return;
      deliver = std::move(waiting_.front());
      waiting_.pop_front();
    }
    try {
      deliver();
    } catch (...) {
      wake();  // nobody else would, for those that still wait
      throw;
    }
  }
  wake();
}
