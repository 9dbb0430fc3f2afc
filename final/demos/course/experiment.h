// Internal header. The experiments of the microscope: a client on a thread of its own asks a
// server, whose handlers wait, block its loop, or block a thread of its pool.
#pragma once

#include <tornado/concurrent.h>
#include <tornado/web.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
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
  int port = 0;  // of the server; 0 means the one that run() names
};

// What became of one request.
struct Arrival {
  std::size_t of = 0;   // which of the Requests it belongs to
  double seconds = 0;   // from the start until the response
  bool failed = false;  // no response came, or one with another status than 200
  std::string body;
};

inline constexpr double kSlowSeconds = 0.5;  // how long a slow response waits
inline constexpr int kBlockMs = 400;         // how long the blocking handler sleeps
inline constexpr double kNewsAfter = 1.5;    // seconds until a long poll has its news
inline constexpr int kMostRequests = 256;

// Runs one experiment at a time. Belongs to the site's thread, except answers().
class Experiment {
 public:
  using Listener = std::function<void(const Arrival&)>;

  Experiment() = default;
  Experiment(const Experiment&) = delete;
  Experiment& operator=(const Experiment&) = delete;
  // Waits for the client that is running.
  ~Experiment();

  // Returns the requests of the experiment with that name; nothing for an unknown one.
  static std::optional<std::vector<Requests>> named(const std::string& name);

  bool running() const { return running_; }
  // Sends the requests to the server at that port of this machine, below `prefix`, and returns what
  // became of them, in the order in which they ended. Calls `listener` for each as it ends, on the
  // site's loop. Call it only if none is running.
  tornado::Future<std::vector<Arrival>> run(std::vector<Requests> requests, int port,
                                            std::string prefix, Listener listener = {});

  // Any thread. Returns whether a request with that key is one of the experiment that is running:
  // nobody else can make a handler block.
  bool answers(const std::string& key) const;

 private:
  bool running_ = false;
  std::atomic<std::uint64_t> key_ = 0;  // 0: none
  std::thread client_;
};

// Returns the routes that the experiments ask, below `prefix`, for one application. The experiment
// must outlive it.
std::vector<tornado::web::URLSpec> asked_routes(Experiment* experiment, const std::string& prefix);

}  // namespace course
