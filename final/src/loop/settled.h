// Internal header: futures that need nobody to wait for them.
#pragma once

#include <tornado/concurrent.h>

#include <exception>
#include <utility>

namespace tornado::core {

// Returns a future that is done.
inline Future<void> completed() {
  Future<void> future;
  future.set_result();
  return future;
}

// Fails a future unless it is done. The exception counts as retrieved, so it is not logged if
// nobody looks: a peer that leaves is routine.
template <class T>
void fail_quietly(const Future<T>& future, std::exception_ptr exception) {
  if (future.done()) return;
  future.set_exception(std::move(exception));
  static_cast<void>(future.exception());
}

// Returns a future that has failed in this way.
template <class E>
Future<void> failed_quietly(E error) {
  Future<void> future;
  fail_quietly(future, std::make_exception_ptr(std::move(error)));
  return future;
}

}  // namespace tornado::core
