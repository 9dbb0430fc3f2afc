#include "F-1-shared-fetch/shared_fetch.h"

#include <tornado/gen.h>

#include <utility>

using tornado::Future;

// Each caller has a coroutine of its own, so that cancelling one stops only that one.
Future<std::string> SharedFetch::get(std::string key) {
  const auto found = running_.find(key);
  const Future<std::string> shared = found == running_.end() ? run(key) : found->second;
  if (found == running_.end() && !shared.done()) running_.emplace(key, shared);
  co_return co_await shared;
}

// The fetch. It has left the table before any of its callers goes on.
Future<std::string> SharedFetch::run(std::string key) {
  try {
    const Future<std::string> fetched = fetch_(key);
    std::string result = co_await fetched;
    running_.erase(key);
    co_return result;
  } catch (...) {
    running_.erase(key);
    throw;
  }
}
