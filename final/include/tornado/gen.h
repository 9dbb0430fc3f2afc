// Public header: waiting for several things, for time, and for the loop. Mirrors tornado.gen.
#pragma once

#include <tornado/concurrent.h>
#include <tornado/core/group.h>
#include <tornado/ioloop.h>

#include <map>
#include <optional>
#include <tuple>
#include <variant>
#include <vector>

namespace tornado::gen {

using ioloop::TimeoutError;

// The kinds of exceptions that are not logged when they cannot be thrown: `multi(list,
// gen::quiet<StreamClosedError>)`. (quiet_exceptions)
class QuietExceptions {
 public:
  // Contains none.
  constexpr QuietExceptions() = default;
  // Contains E... and types derived from them.
  template <class... E>
  static constexpr QuietExceptions of() {
    return QuietExceptions([](const std::exception_ptr& exception) {
      const auto is = [&]<class One>(const One*) {
        try {
          std::rethrow_exception(exception);
        } catch (const One&) {
          return true;
        } catch (...) {
          return false;
        }
      };
      return (is(static_cast<const E*>(nullptr)) || ...);
    });
  }

  // Returns whether the exception is of one of these kinds.
  bool contains(const std::exception_ptr& exception) const {
    return matches_ != nullptr && matches_(exception);
  }

 private:
  using Matches = bool (*)(const std::exception_ptr&);
  constexpr explicit QuietExceptions(Matches matches) : matches_(matches) {}
  Matches matches_ = nullptr;
};
// The kinds E..., for the argument `quiet` of the functions below.
template <class... E>
inline constexpr QuietExceptions quiet = QuietExceptions::of<E...>();

namespace detail {

// Log, to tornado.application, an exception that cannot be thrown, because another one is thrown
// already, or because it comes too late.
void log_later_failure(const std::exception_ptr& exception) noexcept;
void log_failure_after_timeout(const std::exception_ptr& exception) noexcept;

// Collects the first exception of a group and logs the others.
class FirstFailure {
 public:
  explicit FirstFailure(QuietExceptions quiet) : quiet_(quiet) {}

  template <class T>
  void look_at(const Future<T>& future) {
    const auto exception = future.exception();
    if (exception == nullptr) return;
    if (first_ == nullptr) {
      first_ = exception;
    } else if (!future.cancelled() && !quiet_.contains(exception)) {
      log_later_failure(exception);
    }
  }
  void rethrow() const {
    if (first_ != nullptr) std::rethrow_exception(first_);
  }

 private:
  const QuietExceptions quiet_;
  std::exception_ptr first_;
};

// `co_await settled(future)` waits until the future is done and does not look at its result.
template <class T>
core::FutureWait<T> settled(const Future<T>& future) {
  return core::FutureWait<T>(future);
}

// A tuple cannot hold void; std::monostate stands for it.
template <class T>
using Held = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

template <class T>
Held<T> take(Future<T>& done) {
  if constexpr (std::is_void_v<T>) {
    return {};
  } else {
    return std::move(done).result();
  }
}

// While it lives, passes a request to cancel `to` on to `from`, or cancels `to` if `from` cannot be
// cancelled.
template <class T>
class CancelLink final : public core::Canceller, public core::Pooled {
 public:
  // Owned by a done-callback of `from`, which therefore outlives it.
  CancelLink(const Future<T>& from, Future<T> to)
      : from_(core::FutureAccess::state(from)), to_(std::move(to)) {
    core::FutureAccess::state(to_).set_canceller(this);
  }
  CancelLink(const CancelLink&) = delete;
  CancelLink& operator=(const CancelLink&) = delete;
  ~CancelLink() { core::FutureAccess::state(to_).set_canceller(nullptr); }

  void cancel(core::FutureStateBase& to) override {
    if (!from_.cancel_unless_shared()) to.fail_cancelled();
  }
  void let_go() noexcept override {}
  core::Suspension* inner() noexcept override { return from_.suspension(); }

 private:
  core::FutureStateBase& from_;
  const Future<T> to_;
};

// Calls a function that returns a future, and keeps it until the future is done.
template <class F, class... Args>
Future<void> run_owned(F function, Args... args) {
  auto work = function(std::move(args)...);
  co_await std::move(work);
}

}  // namespace detail

// Waits for all futures and returns their results in the same shape: a vector for a vector, a map
// for a map, a tuple for single arguments (std::monostate where a future has no result). Waits for
// all of them even if one fails; then throws the exception of the first that failed, in the order
// given, and logs the others, except for the kinds in `quiet`. Cancelling it cancels all futures.
// (gen.multi)
template <class T>
Future<std::conditional_t<std::is_void_v<T>, void, std::vector<detail::Held<T>>>> multi(
    std::vector<Future<T>> children, QuietExceptions quiet = {}) {
  std::vector<detail::GroupMember> members(children.size());
  detail::GroupWait all(members.data(), members.size());
  for (const auto& child : children) all.add(child);
  co_await all;
  detail::FirstFailure failure(quiet);
  for (const auto& child : children) failure.look_at(child);
  failure.rethrow();
  if constexpr (!std::is_void_v<T>) {
    std::vector<T> results;
    results.reserve(children.size());
    for (auto& child : children) results.push_back(detail::take(child));
    co_return results;
  }
}

// The same for a map: the results have its keys.
template <class K, class T>
Future<std::map<K, detail::Held<T>>> multi(std::map<K, Future<T>> children,
                                           QuietExceptions quiet = {}) {
  std::vector<detail::GroupMember> members(children.size());
  detail::GroupWait all(members.data(), members.size());
  for (const auto& [key, child] : children) all.add(child);
  co_await all;
  detail::FirstFailure failure(quiet);
  for (const auto& [key, child] : children) failure.look_at(child);
  failure.rethrow();
  std::map<K, detail::Held<T>> results;
  for (auto& [key, child] : children) results.emplace(key, detail::take(child));
  co_return results;
}

// The same for single futures, which may have results of different types.
template <class... T>
  requires(sizeof...(T) > 0)
Future<std::tuple<detail::Held<T>...>> multi(QuietExceptions quiet, Future<T>... children) {
  detail::GroupMember members[sizeof...(T)];
  detail::GroupWait all(members, sizeof...(T));
  (all.add(children), ...);
  co_await all;
  detail::FirstFailure failure(quiet);
  (failure.look_at(children), ...);
  failure.rethrow();
  co_return std::tuple<detail::Held<T>...>(detail::take(children)...);
}
template <class... T>
  requires(sizeof...(T) > 0)
Future<std::tuple<detail::Held<T>...>> multi(Future<T>... children) {
  return multi(QuietExceptions(), std::move(children)...);
}

// Starts work whose end nobody awaits: logs its exception to tornado.application, unless it is
// CancelledError. Plays the part of IOLoop::spawn_callback for a call already made.
template <class T>
void spawn(const Future<T>& future) {
  future.add_done_callback([](const Future<T>& done) {
    if (!done.cancelled() && done.exception()) core::log_callback_exception(done.exception());
  });
}
// The same with a function that starts the work, usually a coroutine lambda. The function, its
// captures and its arguments stay alive until the work has ended. An exception thrown by the call
// itself is logged too. Pass arguments by value.
template <class F, class... Args>
  requires core::is_future<std::invoke_result_t<F&, Args...>>
void spawn(F function, Args... args) {
  spawn(detail::run_owned(std::move(function), std::move(args)...));
}

// Completes after `seconds` (or a std::chrono duration). (gen.sleep)
Future<void> sleep(double seconds);
template <core::Duration D>
Future<void> sleep(const D& duration) {
  return sleep(core::to_seconds(duration));
}

// `co_await gen::moment` lets the loop run one iteration, so that events, timers and other
// callbacks get their turn. (gen.moment)
struct Moment {
  class Awaiter final : public core::Suspension {
   public:
    Awaiter() = default;
    bool await_ready() const noexcept { return false; }
    template <class P>
    void await_suspend(std::coroutine_handle<P> handle,
                       core::Place place = core::Place::current()) {
      suspend(handle, core::future_of(handle.promise()), place);
      resume_next_round();
      deliver_cancel();
    }
    void await_resume() const { throw_if_cancelled(); }
  };
  // Returns what co_await waits with.
  Awaiter operator co_await() const { return Awaiter(); }
};
// The value to await.
inline constexpr Moment moment;

// Returns the result of `future`, or throws TimeoutError at `deadline`: seconds on the clock of
// IOLoop::time(), or a std::chrono duration from now. Throws std::invalid_argument for a number of
// seconds from now, such as 5.0, as add_timeout() does. If the future completes in time, its result
// is returned however late the loop gets to it. The deadline does not cancel the work; if that
// fails later, its exception is logged, except for the kinds in `quiet`. Cancelling the returned
// future does cancel the work. (gen.with_timeout)
template <class T>
Future<T> with_timeout(double deadline, Future<T> future, QuietExceptions quiet = {}) {
  auto& loop = ioloop::IOLoop::current();
  Future<T> result;
  const auto timer = loop.add_timeout(deadline, [result, future] {
    if (!result.done() && !future.done()) result.set_exception(TimeoutError());
  });
  core::Owned link(new detail::CancelLink<T>(future, result));
  future.add_done_callback([result, timer, &loop, quiet, link = std::move(link)](Future<T> done) {
    if (timer.pending()) loop.remove_timeout(timer);  // else the loop may be gone
    if (!result.done()) return core::hand_over(std::move(done), result);
    if (const auto exception = done.exception();
        exception && !done.cancelled() && !quiet.contains(exception)) {
      detail::log_failure_after_timeout(exception);
    }
  });
  return result;
}
template <core::Duration D, class T>
Future<T> with_timeout(const D& duration, Future<T> future, QuietExceptions quiet = {}) {
  return with_timeout(ioloop::IOLoop::current().time() + core::to_seconds(duration),
                      std::move(future), quiet);
}

namespace detail {
// Distinguishes a request to cancel from the deadline, which cancels the work only if nobody has
// asked before.
template <class T>
class DeadlineWait final : public core::FutureWait<T> {
 public:
  using core::FutureWait<T>::FutureWait;
  void cancel() override {
    asked_ = true;
    core::FutureWait<T>::cancel();
  }
  void time_is_up() {
    if (asked_ || this->state().done()) return;  // it is ending already, or has
    late_ = true;
    core::FutureWait<T>::cancel();
  }
  bool timed_out() const noexcept { return late_ && !asked_; }

 private:
  bool asked_ = false;
  bool late_ = false;
};

// Removes a timer at the end of its scope. The loop must still exist then.
class TimerScope {
 public:
  TimerScope(ioloop::IOLoop& loop, ioloop::Timeout timer) : loop_(loop), timer_(std::move(timer)) {}
  TimerScope(const TimerScope&) = delete;
  TimerScope& operator=(const TimerScope&) = delete;
  ~TimerScope() { loop_.remove_timeout(timer_); }

 private:
  ioloop::IOLoop& loop_;
  const ioloop::Timeout timer_;
};
}  // namespace detail

// Returns the result of `work`, or cancels it at `deadline` (as in with_timeout) and waits until it
// has really ended: then none of it is running and nothing it refers to is in use. Throws
// TimeoutError if the work ended because of this; if it ended with a result or another exception
// after all, returns or throws that. If the work cannot be cancelled, or others wait for it too, it
// goes on, and TimeoutError is thrown at once. Cancelling the returned future cancels the work; the
// deadline then leaves its clean-up alone. Not in Tornado; compare asyncio.wait_for.
template <class T>
Future<T> with_deadline(double deadline, Future<T> work) {
  detail::DeadlineWait<T> ended(work);
  auto& loop = ioloop::IOLoop::current();
  const detail::TimerScope timer(loop, loop.add_timeout(deadline, [&] { ended.time_is_up(); }));
  try {
    co_await ended;
  } catch (const concurrent::CancelledError&) {
    if (ended.timed_out()) throw TimeoutError();
    throw;
  }
  if (ended.timed_out() && work.cancelled()) throw TimeoutError();
  co_return std::move(work).result();
}
// The same with a function that starts the work, usually a coroutine lambda. The function and its
// captures stay alive until the work has ended.
template <class F>
  requires core::is_future<std::invoke_result_t<F&>>
std::invoke_result_t<F&> with_deadline(double deadline, F function) {
  core::require_plausible(deadline);
  auto work = function();
  co_return co_await with_deadline(deadline, std::move(work));
}
template <core::Duration D, class Work>
auto with_deadline(const D& duration, Work work) {
  return with_deadline(ioloop::IOLoop::current().time() + core::to_seconds(duration),
                       std::move(work));
}

// ---- results in order of completion -------------------------------------------------------------

// Returns the results of several futures in the order in which they complete. (gen.WaitIterator)
//
//   gen::WaitIterator results(first, second, third);
//   while (!results.done()) use(co_await results.next(), results.current_index());
//
// `Key` is the type of current_index(): the position, from 0 on, or the key in the map it was made
// from. Cancelling a next() does not cancel the futures, and loses no result.
template <class T, class Key = std::size_t>
class WaitIterator {
 public:
  template <class... Rest>
    requires(std::is_same_v<Key, std::size_t> && (std::is_same_v<Rest, Future<T>> && ...))
  explicit WaitIterator(const Future<T>& first, const Rest&... rest) {
    std::size_t at = 0;
    watch(at++, first);
    (watch(at++, rest), ...);
  }
  explicit WaitIterator(const std::vector<Future<T>>& futures)
    requires std::is_same_v<Key, std::size_t>
  {
    for (std::size_t at = 0; at < futures.size(); ++at) watch(at, futures[at]);
  }
  explicit WaitIterator(const std::map<Key, Future<T>>& futures) {
    for (const auto& [key, future] : futures) watch(key, future);
  }

  // Returns true once all results have been returned.
  bool done() const { return state_->given == state_->total; }

  // Returns the next result, or throws its exception. Only one call at a time: throws
  // std::logic_error if no results are left, or if the last next() is still pending and was not
  // cancelled.
  Future<T> next() {
    if (done()) throw std::logic_error("WaitIterator: all results were given out");
    if (state_->running && !state_->running->done()) {
      throw std::logic_error("WaitIterator: next() is still pending");
    }
    Future<T> result;
    result.on_cancel();
    state_->running = result;
    state_->give();
    return result;
  }

  // Return which future gave the last result. Throw std::logic_error before the first one.
  const Key& current_index() const { return current().first; }
  const Future<T>& current_future() const { return current().second; }

 private:
  using Entry = std::pair<Key, Future<T>>;

  // Shared with the callbacks of the futures, which may outlive the iterator.
  struct State : core::Counted {
    // Passes the first completed result to a pending next(), if there are both.
    void give() {
      if (given == finished.size() || !running || running->done()) return;
      current = std::move(finished[given++]);
      core::hand_over(current->second, *running);
    }

    std::size_t total = 0;
    std::size_t given = 0;
    std::vector<Entry> finished;  // entries already returned are empty
    std::optional<Entry> current;
    std::optional<Future<T>> running;
  };

  void watch(Key key, const Future<T>& future) {
    ++state_->total;
    concurrent::future_add_done_callback(
        future, [state = state_, key = std::move(key)](const Future<T>& done) {
          state->finished.emplace_back(key, done);
          state->give();
        });
  }
  const Entry& current() const {
    if (!state_->current) throw std::logic_error("WaitIterator: no result was given out yet");
    return *state_->current;
  }

  core::Ref<State> state_{new State};
};
// Deduce T and Key from the futures.
template <class T, class... Rest>
WaitIterator(const Future<T>&, const Rest&...) -> WaitIterator<T>;
template <class T>
WaitIterator(const std::vector<Future<T>>&) -> WaitIterator<T>;
template <class Key, class T>
WaitIterator(const std::map<Key, Future<T>>&) -> WaitIterator<T, Key>;

// ---- conversion to futures ----------------------------------------------------------------------

// Returns a future as it is, and anything else as the result of a completed one. (gen.maybe_future)
template <class T>
auto maybe_future(T value) {
  if constexpr (core::is_future<T>) {
    return value;
  } else {
    Future<T> done;
    done.set_result(std::move(value));
    return done;
  }
}

// Converts anything that co_await accepts to a future: a future, a vector or a map of futures. For
// anything else the compiler reports that it cannot be awaited (BadYieldError).
// (gen.convert_yielded)
template <class T>
Future<T> convert_yielded(Future<T> future) {
  return future;
}
template <class T>
auto convert_yielded(std::vector<Future<T>> futures) {
  return multi(std::move(futures));
}
template <class K, class T>
auto convert_yielded(std::map<K, Future<T>> futures) {
  return multi(std::move(futures));
}

// True if calling F with Args returns a future. (gen.is_coroutine_function)
template <class F, class... Args>
concept CoroutineFunction =
    std::is_invocable_v<F&, Args...> && core::is_future<std::invoke_result_t<F&, Args...>>;

}  // namespace tornado::gen

namespace tornado {

// co_await on a vector or a map of futures waits for all of them, like `yield [..]` and `yield
// {..}`.
template <class T>
auto operator co_await(std::vector<Future<T>> children) {
  return gen::multi(std::move(children)).operator co_await();
}
template <class K, class T>
auto operator co_await(std::map<K, Future<T>> children) {
  return gen::multi(std::move(children)).operator co_await();
}

}  // namespace tornado
