// Waiting for several futures, for some time, or not forever (Tornado: tornado.gen).
#pragma once

#include <exception>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <vector>

#include "03-ioloop/ioloop.h"
#include "08-coroutines/coroutine.h"

namespace mini::gen {

// Thrown when with_timeout() has stopped waiting.
class TimeoutError : public std::runtime_error {
 public:
  TimeoutError() : std::runtime_error("timed out") {}
};

// [sleep]
// Returns a future that is done after `seconds`.
inline Future<void> sleep(double seconds) {
  const Future<void> future;
  IOLoop::current().call_later(seconds, [future] { future.set_result(); });
  return future;
}
// [/sleep]

// [multi]
// Returns the results of all futures, in the order of the vector. Waits for all of them even if one
// fails; then throws the first exception and drops the others.
template <class T>
Future<std::vector<T>> multi(std::vector<Future<T>> futures) {
  std::vector<T> results;
  std::exception_ptr first;
  for (const Future<T>& future : futures) {
    try {
      T result = co_await future;
      results.push_back(std::move(result));
    } catch (...) {
      if (!first) first = std::current_exception();
    }
  }
  if (first) std::rethrow_exception(first);
  co_return results;
}
// [/multi]

// The same for futures without a value.
inline Future<void> multi(std::vector<Future<void>> futures) {
  std::exception_ptr first;
  for (const Future<void>& future : futures) {
    try {
      co_await future;
    } catch (...) {
      if (!first) first = std::current_exception();
    }
  }
  if (first) std::rethrow_exception(first);
}

// Completes `to` with the result of `from`.
template <class T>
void copy_result(const Future<T>& from, const Future<T>& to) {
  try {
    if constexpr (std::is_void_v<T>) {
      from.result();
      to.set_result();
    } else {
      to.set_result(from.result());
    }
  } catch (...) {
    to.set_exception(std::current_exception());
  }
}

// [with_timeout]
// Returns the result of `future`, or fails with TimeoutError after `seconds`. The work behind
// `future` goes on all the same: nobody has told it to stop.
template <class T>
Future<T> with_timeout(double seconds, Future<T> future) {
  const Future<T> either;
  const Timeout timeout = IOLoop::current().call_later(seconds, [either] {
    if (!either.done()) either.set_exception(std::make_exception_ptr(TimeoutError()));
  });
  future.add_done_callback([either, timeout](const Future<T>& done) {
    IOLoop::current().remove_timeout(timeout);
    if (!either.done()) copy_result(done, either);
  });
  return either;
}
// [/with_timeout]

}  // namespace mini::gen
