// Internal header. What the exercises' runner reports while it runs.
#pragma once

#include <tornado/locks.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "repository.h"

namespace course {

// exercises/live.py writes build/exercises/live/NN-K.json, once for every test. This watches the
// folder: the loop waits for its inotify descriptor as for any socket. Belongs to one loop.
class LiveResults {
 public:
  // Makes the folder if it is missing. If it cannot be made or watched, nothing is ever reported.
  explicit LiveResults(const Repository& repository);
  ~LiveResults();
  LiveResults(const LiveResults&) = delete;
  LiveResults& operator=(const LiveResults&) = delete;

  // Returns the latest report on an exercise, as JSON in one line; nothing if there is none.
  std::optional<std::string> read(const std::string& exercise) const;

  // Notified when a report has changed, which also increments `version`.
  tornado::locks::Condition changed;
  std::uint64_t version = 0;

 private:
  std::filesystem::path folder_;
  int fd_ = -1;
};

}  // namespace course
