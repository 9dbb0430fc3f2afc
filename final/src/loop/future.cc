#include <tornado/concurrent.h>
#include <tornado/log.h>

#include "loop/error_text.h"

namespace tornado::detail {

FutureStateBase::~FutureStateBase() {
  while (Runnable* waiter = waiters_.pop_front()) waiter->discard();
  if (status_ == FutureStatus::kException && !retrieved_) {
    log::app_log.error("Future exception was never retrieved: " + describe(exception_));
  }
}

bool FutureStateBase::fail(std::exception_ptr exception, FutureStatus status) {
  if (done()) return false;
  check_thread();
  exception_ = std::move(exception);
  complete(status);
  return true;
}

void FutureStateBase::wake() {
  // A waiter of a closed loop is freed here, and with it perhaps the last handle but this.
  const Ref<FutureStateBase> self(this);
  while (Runnable* waiter = waiters_.pop_front()) static_cast<Waiter*>(waiter)->completed(*this);
}

void FutureStateBase::throw_instead() {
  if (!done()) throw concurrent::InvalidStateError("the future is not done");
  retrieved_ = true;
  std::rethrow_exception(exception_);
}

void FutureStateBase::check_foreign_thread() {
  // A loop that ran on a thread which has ended is closed on another.
  if (thread_state.closing) return;
  throw std::logic_error(
      "a Future was used on a thread that is not its own; hand over with IOLoop::add_callback");
}

void throw_null_exception() {
  throw std::invalid_argument("set_exception: there is no exception");
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
  log::app_log.error("Exception in callback: " + describe(exception));
}

void report_lost_exception() noexcept {
  log::app_log.error("Exception after Future was cancelled: " + describe(std::current_exception()));
}

}  // namespace tornado::detail
