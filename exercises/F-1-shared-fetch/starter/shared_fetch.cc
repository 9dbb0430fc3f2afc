#include "F-1-shared-fetch/shared_fetch.h"

#include <tornado/gen.h>

#include <utility>

using tornado::Future;

Future<std::string> SharedFetch::get(std::string key) {
  // TODO: the feature. This one starts a fetch for each caller.
  return fetch_(std::move(key));
}

Future<std::string> SharedFetch::run(std::string key) {
  const Future<std::string> fetched = fetch_(std::move(key));
  co_return co_await fetched;
}
