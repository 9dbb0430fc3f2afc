#include <tornado/locks.h>

#include <stdexcept>

#include "loop/settled.h"

namespace tornado::locks {

using core::Deadline;
using core::FutureWaiting;
using core::Ref;

// ---- Condition, Event ---------------------------------------------------------------------------

namespace {

struct Notice final : FutureWaiting<bool> {
  void expire() override { future().set_result(false); }
};
using Signal = FutureWaiting<void>;

// A waiter for a permit, which a guard then holds or somebody releases by hand.
struct Grant : core::Waiting {
  virtual void give(Guard guard) = 0;
};
struct ScopedRequest final : FutureWaiting<Guard, Grant> {
  void give(Guard guard) override { future().set_result(std::move(guard)); }
};
struct Request final : FutureWaiting<void, Grant> {
  void give(Guard guard) override {
    guard.detach();
    future().set_result();
  }
};

}  // namespace

Future<bool> Condition::wait(Deadline timeout) {
  return wait_in(waiting_, Ref<Notice>(new Notice), timeout);
}

void Condition::notify(std::size_t n) {
  for (; n > 0; --n) {
    const auto first = waiting_.next();
    if (!first) return;
    static_cast<Notice&>(*first).future().set_result(true);
  }
}

void Condition::notify_all() {
  notify(waiting_.size());
}

void Event::set() {
  set_ = true;
  while (const auto first = waiting_.next()) static_cast<Signal&>(*first).future().set_result();
}

Future<void> Event::wait(Deadline timeout) {
  if (!set_) return wait_in(waiting_, Ref<Signal>(new Signal), timeout);
  return core::completed();
}

// ---- permits ------------------------------------------------------------------------------------

template <class R>
auto detail::Permits::take(Deadline timeout) {
  if (value_ == 0) return wait_in(waiting_, Ref<R>(new R), timeout);
  --value_;
  R at_once;
  at_once.give(Guard(Ref<Permits>(this)));
  return at_once.future();
}

Future<void> detail::Permits::acquire(Deadline timeout) {
  return take<Request>(timeout);
}

Future<Guard> detail::Permits::scoped(Deadline timeout) {
  return take<ScopedRequest>(timeout);
}

void detail::Permits::give_back() {
  if (const auto first = waiting_.next()) {
    static_cast<Grant&>(*first).give(Guard(Ref<Permits>(this)));
  } else {
    ++value_;
  }
}

void detail::Permits::cancel_all() {
  while (const auto first = waiting_.next()) first->cancel();
}

Guard::Guard(Ref<detail::Permits> permits)
    : permits_(std::move(permits)), turn_(permits_->turn()) {}

Guard& Guard::operator=(Guard&& other) noexcept {
  if (this != &other) {
    release();
    permits_ = std::move(other.permits_);
    turn_ = other.turn_;
  }
  return *this;
}

void Guard::release() {
  const auto permits = std::exchange(permits_, {});
  if (permits && turn_ == permits->turn()) permits->give_back();
}

Semaphore::Semaphore(std::size_t value, bool bounded)
    : permits_(new detail::Permits(value, bounded ? value : detail::Permits::kUnbounded)) {}

Semaphore::~Semaphore() {
  permits_->cancel_all();
}

Future<void> Semaphore::acquire(Deadline timeout) {
  return permits_->acquire(timeout);
}

Future<Guard> Semaphore::scoped(Deadline timeout) {
  return permits_->scoped(timeout);
}

void Semaphore::release() {
  if (permits_->all_there()) throw std::invalid_argument("Semaphore released too many times");
  permits_->give_back();
}

Lock::Lock() : permits_(new detail::Permits(1, 1)) {}

Lock::~Lock() {
  permits_->cancel_all();
}

Future<void> Lock::acquire(Deadline timeout) {
  return permits_->acquire(timeout);
}

Future<Guard> Lock::scoped(Deadline timeout) {
  return permits_->scoped(timeout);
}

void Lock::release() {
  if (!locked()) throw std::runtime_error("release unlocked lock");
  permits_->end_turn();
  permits_->give_back();
}

bool Lock::locked() const noexcept {
  return !permits_->all_there();
}

}  // namespace tornado::locks
