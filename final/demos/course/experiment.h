// Internal header. The experiments of the microscope: a client on a thread of its own asks a
// server, whose handlers wait, block its loop, or block a thread of its pool.
#pragma once

#include <tornado/concurrent.h>
#include <tornado/web.h>

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace course {

// Requests to send: `count` of them to `path`, `after` seconds after the start.
struct Requests {
  std::string path;
  int count = 1;
  double after = 0;
};

// What came back.
struct Outcome {
  std::vector<double> seconds;  // for each request, from the start until its response; in order
  int failed = 0;
};

inline constexpr double kSlowSeconds = 0.5;  // how long a slow response waits
inline constexpr int kBlockMs = 400;         // how long the blocking handler sleeps
inline constexpr int kMostRequests = 256;

// Runs one experiment at a time. Belongs to the site's thread, except answers().
class Experiment {
 public:
  Experiment() = default;
  Experiment(const Experiment&) = delete;
  Experiment& operator=(const Experiment&) = delete;
  // Waits for the client that is running.
  ~Experiment();

  // Returns the requests of the experiment with that name; nothing for an unknown one.
  static std::optional<std::vector<Requests>> named(const std::string& name);

  bool running() const { return running_; }
  // Sends the requests to the server at that port of this machine. The paths begin with `prefix`.
  // Call it only if none is running.
  tornado::Future<Outcome> run(std::vector<Requests> requests, int port, std::string prefix);

  // Any thread. Returns whether a request with that key is one of the experiment that is running:
  // nobody else can make a handler block.
  bool answers(const std::string& key) const;

 private:
  bool running_ = false;
  std::atomic<std::uint64_t> key_ = 0;  // 0: none
  std::thread client_;
};

// Returns the routes that the experiments ask, below `prefix`. The experiment must outlive the
// application that gets them.
std::vector<tornado::web::URLSpec> asked_routes(Experiment* experiment, const std::string& prefix);

}  // namespace course
