// One fetch for all who ask for the same thing at the same time.
#pragma once

#include <tornado/concurrent.h>

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <utility>

// Must outlive the futures that it has returned.
class SharedFetch {
 public:
  using Fetch = std::function<tornado::Future<std::string>(std::string key)>;

  explicit SharedFetch(Fetch fetch) : fetch_(std::move(fetch)) {}

  // Completes with the outcome of fetch(key): its result or its exception, even one that fetch
  // throws before it returns a future. Callers that come while a fetch of their key runs share its
  // outcome. Keeps nothing: once the fetch has ended, the next caller starts another. A caller that
  // gives up, by cancel(), affects no other caller.
  tornado::Future<std::string> get(std::string key);

  // Returns how many fetches run.
  std::size_t running() const { return running_.size(); }

 private:
  tornado::Future<std::string> run(std::string key);

  const Fetch fetch_;
  std::map<std::string, tornado::Future<std::string>> running_;
};
