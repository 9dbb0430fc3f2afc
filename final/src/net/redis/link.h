// Internal header. Keeps one connection to Redis: connects, authenticates, and does so again
// whenever the connection has ended.
#pragma once

#include <tornado/locks.h>
#include <tornado/redisbus.h>

#include <random>
#include <string>

#include "net/redis/connection.h"
#include "net/redis/url.h"

namespace tornado::redis {

class Link final : public core::Counted {
 public:
  // `purpose` is for the log.
  Link(ioloop::IOLoop& loop, URL url, const bus::RedisBusOptions& options, std::string purpose);

  // Starts to connect, on the loop.
  void start();
  // Closes the connection and stays away. Waiters of ready() and changed() are woken.
  void stop();

  // Returns the connection once it is ready; null while there is none.
  const core::Ref<Connection>& connection() const noexcept { return ready_; }
  // Waits for the outcome of the first attempt; later it does not wait. Throws BusError if there is
  // no connection.
  Future<core::Ref<Connection>> ready();
  // Waits until the connection has come or gone.
  Future<bool> changed() { return changed_.wait(); }
  bool stopped() const noexcept { return stopped_; }

  // Returns a BusError: the server, `reason`, and when to try again.
  bus::BusError error(const std::string& reason) const;

 private:
  static Future<void> run(core::Ref<Link> self);
  Future<void> attempt();
  Future<core::Ref<Connection>> connect();
  Future<void> introduce(core::Ref<Connection> connection);
  void lost(std::string reason);
  double next_pause();

  ioloop::IOLoop& loop_;
  const URL url_;
  const bus::RedisBusOptions options_;
  const std::string purpose_;
  core::Ref<Connection> trying_;  // not introduced yet
  core::Ref<Connection> ready_;
  locks::Condition changed_;
  Future<void> pause_;
  std::string problem_;       // why there is no connection; empty before the first outcome
  std::string logged_;        // the last problem that the log has
  double next_attempt_ = 0;   // IOLoop::time()
  std::size_t attempts_ = 0;  // picks one of several addresses
  int failures_ = 0;
  bool stopped_ = false;
  std::minstd_rand random_{std::random_device{}()};
};

}  // namespace tornado::redis
