#include <tornado/core/group.h>
#include <tornado/gen.h>
#include <tornado/log.h>

#include "loop/error_text.h"

namespace tornado::gen {

void detail::log_later_failure(const std::exception_ptr& exception) noexcept {
  log::app_log.error("Multiple exceptions in yield list: " + describe(exception));
}

void detail::log_failure_after_timeout(const std::exception_ptr& exception) noexcept {
  log::app_log.error("Exception in Future after timeout: " + describe(exception));
}

// ---- waiting for several ------------------------------------------------------------------------

void detail::GroupMember::completed(core::FutureStateBase&) {
  pending_ = nullptr;
  group_->one_less();
}

bool detail::GroupMember::leave() noexcept {
  if (pending_ == nullptr) return false;
  std::exchange(pending_, nullptr)->forget(*this);
  return true;
}

void detail::GroupWait::watch(core::FutureStateBase& state) {
  GroupMember& member = members_[added_];
  state.wait(member);
  member.group_ = this;
  member.pending_ = &state;
  ++pending_;
}

void detail::GroupWait::start(std::coroutine_handle<> handle, core::FutureStateBase* owner,
                              core::Place place) {
  suspend(handle, owner, place);
  if (pending_ == 0) {
    resume_next_round();
  } else {
    waiting_ = true;
  }
  deliver_cancel();
}

void detail::GroupWait::one_less() {
  if (--pending_ > 0 || !waiting_) return;
  waiting_ = false;
  resume_now();
}

core::Suspension* detail::GroupWait::inner() noexcept {
  for (std::size_t at = 0; waiting_ && at < count_; ++at) {
    if (members_[at].pending_ == nullptr) continue;
    if (auto* found = members_[at].pending_->suspension()) return found;
  }
  return nullptr;
}

void detail::GroupWait::cancel() {
  if (!waiting_) return postpone_cancel();
  set_cancelled();
  for (std::size_t at = 0; at < count_; ++at) {
    GroupMember& member = members_[at];
    if (member.pending_ == nullptr || member.pending_->cancel_unless_shared()) continue;
    if (member.leave()) one_less();
  }
}

// ---- waiting for time ---------------------------------------------------------------------------

Future<void> sleep(double seconds) {
  Future<void> done;
  auto& loop = ioloop::IOLoop::current();
  auto timer = loop.call_later(seconds, [done] { done.set_result(); });
  done.on_cancel([&loop, timer = std::move(timer)] {
    if (timer.pending()) loop.remove_timeout(timer);  // otherwise the loop may be gone
  });
  return done;
}

}  // namespace tornado::gen
