// Internal header: how one coroutine waits for several futures at once. Implemented in loop/gen.cc.
#pragma once

#include <tornado/concurrent.h>

#include <cstddef>

namespace tornado::gen::detail {

class GroupWait;

// One future of a group. The code that made the group keeps a handle of the future.
class GroupMember final : public core::Waiter {
 public:
  GroupMember() = default;
  ~GroupMember() override { leave(); }
  void completed(core::FutureStateBase&) override;
  void run() override {}
  void discard() noexcept override {}

 private:
  friend class GroupWait;
  // Stops waiting; returns false if it was not waiting.
  bool leave() noexcept;

  GroupWait* group_ = nullptr;
  core::FutureStateBase* pending_ = nullptr;
};

// `co_await group` waits until all futures added are done, whatever their outcome. Cancelling it
// cancels all of them, except those that cannot be cancelled, which are left alone; the await then
// ends when the others are done, and throws CancelledError.
class GroupWait final : public core::Suspension {
 public:
  // The caller owns the members, which must outlive this object.
  GroupWait(GroupMember* members, std::size_t count) : members_(members), count_(count) {}

  // Returns the place for the next future; call it once for each member.
  template <class T>
  void add(const Future<T>& future) {
    if (!future.done()) watch(core::FutureAccess::state(future));
    ++added_;
  }

  bool await_ready() noexcept { return pending_ == 0 && core::take_await_budget(); }
  template <class P>
  void await_suspend(std::coroutine_handle<P> handle, core::Place place = core::Place::current()) {
    start(handle, core::future_of(handle.promise()), place);
  }
  void await_resume() const { throw_if_cancelled(); }

  void cancel() override;
  core::Suspension* inner() noexcept override;

 private:
  friend class GroupMember;
  void watch(core::FutureStateBase& state);
  void start(std::coroutine_handle<> handle, core::FutureStateBase* owner, core::Place place);
  void one_less();

  GroupMember* const members_;
  const std::size_t count_;
  std::size_t added_ = 0;
  std::size_t pending_ = 0;
  bool waiting_ = false;
};

}  // namespace tornado::gen::detail
