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

// A destination whose connections may serve the same requests: scheme, host, port and whatever else
// distinguishes them. Lives as long as it has connections.
struct Origin {
  const std::string* key = nullptr;
  std::size_t connections = 0;
  std::size_t idle_count = 0;
  core::ListHook idle;                 // PoolPlace::by_origin, the newest last
  std::optional<ssl::SSLContext> tls;  // the context that requests supplied
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

  // Returns the origin called `key`, creating it if needed. The caller must give it a connection;
  // the origin disappears with its last one.
  Origin& origin(const std::string& key);
  // Counts a connection that was opened, or that has closed.
  void enter(Origin& origin) { ++origin.connections; }
  void leave(Origin& origin);

  // Takes the most recently used idle connection to `key`, the one most likely to be still open;
  // null if there is none.
  ClientConnection* take(const std::string& key);
  // Marks the connection as idle. May close it, or others, to keep within the limits.
  void put(ClientConnection& connection, Origin& origin);
  // Takes a connection out; does nothing if it is not idle.
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
