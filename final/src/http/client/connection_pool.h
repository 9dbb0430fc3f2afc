// Internal header. The open connections of a client, and which of them are idle.
#pragma once

#include <tornado/core/run_queue.h>
#include <tornado/ioloop.h>
#include <tornado/ssl.h>

#include <cstddef>
#include <string>
#include <unordered_map>

namespace tornado::http {

class ClientConnection;

struct PoolLimits {
  std::size_t max_idle;
  std::size_t max_idle_per_origin;
  double idle_timeout;  // seconds; 0: none
};

// Where connections go that may serve the same requests: scheme, host, port and what else makes a
// difference. Lives while it has connections.
struct Origin {
  const std::string* key = nullptr;
  std::size_t connections = 0;
  std::size_t idle_count = 0;
  core::ListHook idle;                 // PoolPlace::by_origin, the newest last
  std::optional<ssl::SSLContext> tls;  // the one that requests brought
};

// A connection's place among the idle ones.
struct PoolPlace {
  struct Hook : core::ListHook {
    explicit Hook(ClientConnection& owner) : connection(owner) {}
    ClientConnection& connection;
  };
  explicit PoolPlace(ClientConnection& owner) : by_origin(owner), by_age(owner) {}

  Hook by_origin;
  Hook by_age;
  double idle_since = 0;
};

class ConnectionPool {
 public:
  ConnectionPool(ioloop::IOLoop& loop, const PoolLimits& limits) : loop_(loop), limits_(limits) {}
  ConnectionPool(const ConnectionPool&) = delete;
  ConnectionPool& operator=(const ConnectionPool&) = delete;
  // close_idle(); there must be no others.
  ~ConnectionPool();

  // The origin called `key`, made if there is none. It must get a connection, with which it goes.
  Origin& origin(const std::string& key);
  // A connection is opened, or has gone.
  void enter(Origin& origin) { ++origin.connections; }
  void leave(Origin& origin);

  // Takes the idle connection to `key` that was used last, or null: the one most likely to be open
  // still.
  ClientConnection* take(const std::string& key);
  // The connection has no work. May close it, or others, to keep the limits.
  void put(ClientConnection& connection, Origin& origin);
  // Takes a connection out; silent if it is not idle.
  void remove(ClientConnection& connection, Origin& origin);

  void close_idle();
  std::size_t idle_count() const noexcept { return idle_count_; }

 private:
  void arm(double at);
  void sweep();

  ioloop::IOLoop& loop_;
  const PoolLimits limits_;
  std::unordered_map<std::string, Origin> origins_;
  core::ListHook ages_;  // PoolPlace::by_age, the oldest first
  std::size_t idle_count_ = 0;
  ioloop::Timeout timer_;
};

}  // namespace tornado::http
