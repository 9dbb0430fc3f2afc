// Internal header. The race of the microscope: the two servers of chapter 01 against the loop. All
// three get the same requests, whose responses take as long.
#pragma once

#include <thread>
#include <vector>

#include "01-blocking-server/servers.h"
#include "experiment.h"

namespace course {

inline constexpr int kRacers = 64;  // requests to each server
inline constexpr int kRaceMs = 50;  // how long a response waits

// Chapter 01's one-at-a-time server and its server with a thread for each client, on threads and
// ports of their own. A response's body is the number of the thread that made it.
class RaceServers {
 public:
  // Starts both. They serve only the requests of `experiment`, which must outlive this.
  explicit RaceServers(const Experiment* experiment);
  RaceServers(const RaceServers&) = delete;
  RaceServers& operator=(const RaceServers&) = delete;
  // Calls stop().
  ~RaceServers();

  // Ends both, and blocks until they have ended. Any thread.
  void stop();

  // Returns the requests of the race: first the one-at-a-time server's, then the other's, then
  // those for the loop that Experiment::run() names.
  std::vector<Requests> requests() const;

 private:
  mini::OneAtATimeServer one_;
  mini::ThreadServer each_;
  std::vector<std::thread> threads_;
};

}  // namespace course
