// Waiting for several futures, for some time, or not forever.
#pragma once

#include <exception>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include "03-ioloop/ioloop.h"
#include "08-coroutines/coroutine.h"
#include "08-coroutines/multi.h"

namespace mini::gen {

// Thrown when with_timeout() has stopped waiting.
class TimeoutError : public std::runtime_error {
 public:
  TimeoutError() : std::runtime_error("timed out") {}
};

// Returns a future that is done after `seconds`.
inline Future<void> sleep(double seconds) {
  const Future<void> future;
  IOLoop::current().call_later(seconds, [future] { future.set_result(); });
  return future;
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

}  // namespace mini::gen
