// Public header: waiting for several things, for time, and for the loop. Mirrors tornado.gen.
#pragma once

#include <tornado/concurrent.h>
#include <tornado/ioloop.h>

#include <map>
#include <tuple>
#include <variant>
#include <vector>

namespace tornado::gen {

using ioloop::TimeoutError;

namespace detail {

// An exception that cannot be thrown, because another one is: logged to tornado.application.
void log_later_failure(const std::exception_ptr& exception) noexcept;
void log_failure_after_timeout(const std::exception_ptr& exception) noexcept;

// Collects the first exception of a group and logs the others.
class FirstFailure {
 public:
  void add(const std::exception_ptr& exception) noexcept {
    if (first_ == nullptr) {
      first_ = exception;
    } else {
      log_later_failure(exception);
    }
  }
  void rethrow() const {
    if (first_ != nullptr) std::rethrow_exception(first_);
  }

 private:
  std::exception_ptr first_;
};

// `co_await settled(future)`: until the future is done, without looking at what it holds.
template <class T>
tornado::detail::FutureWait<T> settled(const Future<T>& future) {
  return tornado::detail::FutureWait<T>(future);
}

// void has no place in a tuple; std::monostate stands for it.
template <class T>
using Held = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

template <class T>
struct Slot {
  // Takes the result out of a done future into the slot, or its exception into `failure`.
  void fill(Future<T>&& future, FirstFailure& failure) {
    if (const auto exception = future.exception()) {
      failure.add(exception);
    } else if constexpr (!std::is_void_v<T>) {
      value.emplace(std::move(future).result());
    } else {
      value.emplace();
    }
  }
  std::optional<Held<T>> value;
};

// Completes `result` as `done` was; if that came too late, logs what gets lost.
template <class T>
void hand_over(Future<T> done, const Future<T>& result) {
  const auto exception = done.exception();
  if (result.done()) {
    if (exception && !done.cancelled()) log_failure_after_timeout(exception);
  } else if (exception) {
    result.set_exception(exception);
  } else if constexpr (std::is_void_v<T>) {
    result.set_result();
  } else {
    try {
      result.set_result(std::move(done).result());
    } catch (...) {  // the result does not move
      result.set_exception(std::current_exception());
    }
  }
}

}  // namespace detail

// Waits for all of them, and gives their results in the same shape: a vector for a vector, a map
// for a map, a tuple for single arguments (std::monostate where a future has no result). Waits for
// all even if one fails; then throws the exception of the first that failed, in the order given,
// and logs the others. (gen.multi)
template <class T>
  requires(!std::is_void_v<T>)
Future<std::vector<T>> multi(std::vector<Future<T>> children) {
  detail::FirstFailure failure;
  std::vector<T> results;
  results.reserve(children.size());
  for (auto& child : children) {
    co_await detail::settled(child);
    detail::Slot<T> slot;
    slot.fill(std::move(child), failure);
    if (slot.value) results.push_back(std::move(*slot.value));
  }
  failure.rethrow();
  co_return results;
}

inline Future<void> multi(std::vector<Future<void>> children) {
  detail::FirstFailure failure;
  for (auto& child : children) {
    co_await detail::settled(child);
    detail::Slot<void> slot;
    slot.fill(std::move(child), failure);
  }
  failure.rethrow();
}

template <class K, class T>
Future<std::map<K, detail::Held<T>>> multi(std::map<K, Future<T>> children) {
  detail::FirstFailure failure;
  std::map<K, detail::Held<T>> results;
  for (auto& [key, child] : children) {
    co_await detail::settled(child);
    detail::Slot<T> slot;
    slot.fill(std::move(child), failure);
    if (slot.value) results.emplace(key, std::move(*slot.value));
  }
  failure.rethrow();
  co_return results;
}

namespace detail {
template <std::size_t... I, class... T>
Future<std::tuple<Held<T>...>> multi_tuple(std::index_sequence<I...>, Future<T>... children) {
  auto all = std::make_tuple(std::move(children)...);
  std::tuple<Slot<T>...> slots;
  FirstFailure failure;
  (co_await settled(std::get<I>(all)), ...);
  (std::get<I>(slots).fill(std::move(std::get<I>(all)), failure), ...);
  failure.rethrow();
  co_return std::tuple<Held<T>...>(std::move(*std::get<I>(slots).value)...);
}
}  // namespace detail

template <class... T>
  requires(sizeof...(T) > 0)
Future<std::tuple<detail::Held<T>...>> multi(Future<T>... children) {
  return detail::multi_tuple(std::index_sequence_for<T...>(), std::move(children)...);
}

// Completes after `seconds` (or a std::chrono duration). (gen.sleep)
Future<void> sleep(double seconds);
template <tornado::detail::Duration D>
Future<void> sleep(const D& duration) {
  return sleep(tornado::detail::to_seconds(duration));
}

// `co_await gen::moment` lets the loop make one iteration: events, timers and other callbacks get
// their turn. (gen.moment)
struct Moment {
  class Awaiter final : public tornado::detail::Suspension {
   public:
    Awaiter() = default;
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> handle) {
      suspend(handle);
      resume_next_round();
    }
    void await_resume() const noexcept {}
  };
  Awaiter operator co_await() const { return Awaiter(); }
};
inline constexpr Moment moment;

// Gives the result of `future`, or throws TimeoutError if it is not there at `deadline`: seconds as
// IOLoop::time() counts them, or a std::chrono duration from now. The work behind the future is not
// cancelled; if it fails later, that is logged. (gen.with_timeout)
template <class T>
Future<T> with_timeout(double deadline, Future<T> future) {
  auto& loop = ioloop::IOLoop::current();
  Future<T> result;
  const auto timer = loop.add_timeout(deadline, [result] {
    if (!result.done()) result.set_exception(TimeoutError());
  });
  future.add_done_callback([result, timer, &loop](Future<T> done) {
    // The loop may be gone; then the timer went with it.
    if (timer.pending()) loop.remove_timeout(timer);
    detail::hand_over(std::move(done), result);
  });
  return result;
}
template <tornado::detail::Duration D, class T>
Future<T> with_timeout(const D& duration, Future<T> future) {
  return with_timeout(ioloop::IOLoop::current().time() + tornado::detail::to_seconds(duration),
                      std::move(future));
}

}  // namespace tornado::gen

namespace tornado {

// co_await on a vector or a map of futures waits for all of them, as `yield [..]` and `yield {..}`
// do.
template <class T>
auto operator co_await(std::vector<Future<T>> children) {
  return gen::multi(std::move(children)).operator co_await();
}
template <class K, class T>
auto operator co_await(std::map<K, Future<T>> children) {
  return gen::multi(std::move(children)).operator co_await();
}

}  // namespace tornado
