#include <tornado/concurrent.h>
#include <tornado/log.h>

#include <typeinfo>

#include "loop/error_text.h"

namespace tornado::core {

void FutureStateBase::bury() noexcept {
  drop_canceller();
  while (Runnable* waiter = waiters_.pop_front()) waiter->discard();
  if (status_ == FutureStatus::kException && !retrieved_) {
    log::app_log.error(std::string(kNeverRetrieved) + describe(exception_));
  }
}

bool FutureStateBase::fail(std::exception_ptr exception, FutureStatus status) {
  if (done()) return false;
  check_thread();
  exception_ = std::move(exception);
  complete(status);
  return true;
}

bool FutureStateBase::fail_cancelled() {
  return fail(std::make_exception_ptr(concurrent::CancelledError()), FutureStatus::kCancelled);
}

void FutureStateBase::end_coroutine(std::exception_ptr exception) noexcept {
  const bool cancelled = *exception.__cxa_exception_type() == typeid(concurrent::CancelledError);
  if (!done()) {
    fail(std::move(exception), cancelled ? FutureStatus::kCancelled : FutureStatus::kException);
  } else if (!cancelled) {
    log::app_log.error("Exception after Future was done: " + describe(exception));
  }
}

// [finish]
void FutureStateBase::finish() {
  // This frees the canceller, and any waiter of a closed loop, either of which may hold the last
  // other handle.
  const Ref<FutureStateBase> self(this);
  drop_canceller();
  while (Runnable* waiter = waiters_.pop_front()) static_cast<Waiter*>(waiter)->completed(*this);
}
// [/finish]

// ---- cancelling ---------------------------------------------------------------------------------

bool FutureStateBase::cancel() {
  check_thread();
  if (done()) return false;
  if (origin_ == FutureOrigin::kCoroutine) {
    if (suspension_ != nullptr) {
      suspension_->cancel();
    } else {
      cancel_wanted_ = true;
    }
  } else if (canceller_ != nullptr) {
    canceller_->cancel(*this);
  } else {
    fail_cancelled();
  }
  return true;
}

void FutureStateBase::set_canceller(Canceller* canceller) noexcept {
  if (done() || origin_ == FutureOrigin::kCoroutine) {
    if (canceller != nullptr) canceller->let_go();
    return;
  }
  drop_canceller();
  origin_ = FutureOrigin::kOperation;
  canceller_ = canceller;
}

void FutureStateBase::drop_canceller() noexcept {
  if (origin_ != FutureOrigin::kOperation) return;
  if (Canceller* canceller = std::exchange(canceller_, nullptr)) canceller->let_go();
}

void Suspension::leave_owner() noexcept {
  owner_->set_suspension(nullptr);
  owner_ = nullptr;
}

void Suspension::deliver_to_owner() {
  if (owner_->take_cancel_wanted()) cancel();
}

void Suspension::postpone_cancel() {
  if (!cancelled_ && owner_ != nullptr) owner_->ask_at_next_wait();
}

void Suspension::throw_cancelled() {
  throw concurrent::CancelledError();
}

// ---- errors -------------------------------------------------------------------------------------

void FutureStateBase::throw_instead() {
  if (!done()) throw concurrent::InvalidStateError("the future is not done");
  retrieved_ = true;
  std::rethrow_exception(exception_);
}

void FutureStateBase::check_foreign_thread() {
  // A loop whose thread has ended is closed on another thread.
  if (thread_state.closing) return;
  throw std::logic_error(
      "a Future was used on a thread that is not its own; hand over with IOLoop::add_callback");
}

void throw_null_exception() {
  throw std::invalid_argument("set_exception: there is no exception");
}

void end_without_value(FutureStateBase& future) noexcept {
  future.end_coroutine(std::make_exception_ptr(
      std::logic_error("a coroutine that promised a value has ended without co_return")));
}

void throw_already_done() {
  throw concurrent::InvalidStateError("the future is already done");
}

void throw_already_taken() {
  throw concurrent::InvalidStateError("the result cannot be copied and was already taken");
}

void report_callback_exception() noexcept {
  report_callback_exception(std::current_exception());
}

void report_callback_exception(std::exception_ptr exception) noexcept {
  if (!handle_in_context(exception)) log_callback_exception(exception);
}

void log_callback_exception(const std::exception_ptr& exception) noexcept {
  log::app_log.error(std::string(kExceptionInCallback) + describe(exception));
}

}  // namespace tornado::core

void tornado::concurrent::detail::log_after_cancel(const std::exception_ptr& exception) noexcept {
  log::app_log.error("Exception after Future was cancelled: " + describe(exception));
}
