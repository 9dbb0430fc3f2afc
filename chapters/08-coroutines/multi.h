// Waiting for several futures at once (Tornado: tornado.gen.multi).
#pragma once

#include <exception>
#include <utility>
#include <vector>

#include "08-coroutines/coroutine.h"

namespace mini::gen {

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

}  // namespace mini::gen
