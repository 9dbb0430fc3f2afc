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
  // Milestone 3: a timer completes it.
  return {};
}

// Completes `to` with the result of `from`.
template <class T>
void copy_result(const Future<T>& from, const Future<T>& to) {
  // Milestone 3: the value, or the exception.
}

// Returns the result of `future`, or fails with TimeoutError after `seconds`. The work behind
// `future` goes on all the same: nobody has told it to stop.
template <class T>
Future<T> with_timeout(double seconds, Future<T> future) {
  // Milestone 3: two things can end this wait; only the first of them counts.
  return {};
}

}  // namespace mini::gen
