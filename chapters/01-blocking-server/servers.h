// Three servers that differ in one function: what becomes of a connection once it is accepted.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "01-blocking-server/exchange.h"
#include "01-blocking-server/socket.h"

namespace mini {

// The connections being served, so that stop() can end them: nothing else wakes a thread that waits
// for a silent client. All functions may be called from any thread.
class OpenConnections {
 public:
  void add(Socket& client);
  void remove(Socket& client);
  // Ends all open connections, and from now on each one that is added.
  void shutdown_all();

 private:
  std::mutex mutex_;
  std::set<Socket*> open_;
  bool ended_ = false;
};

// [server]
class Server {
 public:
  Server(Socket listener, Handler handler);
  virtual ~Server() = default;
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Accepts and serves until stop(), then waits for the handlers that are still running.
  void run();
  // Ends run() and every open connection. May be called from any thread, even before run().
  void stop();

  std::uint16_t port() const { return listener_.port(); }

 protected:
  // Serves the connection, now or later. This is where the three servers differ.
  virtual void take(Socket client) = 0;
  // Called at the end of run(). When this returns, no thread serves a connection any more.
  virtual void finish() {}

  // Calls serve_connection() in such a way that stop() can end it.
  void serve(Socket client);
  // [/server]

 private:
  Socket listener_;
  const Handler handler_;
  OpenConnections open_;
};

// Serves a connection before it accepts the next.
class OneAtATimeServer : public Server {
 public:
  using Server::Server;

 private:
  void take(Socket client) override;
};

// Starts a thread for each connection, but at most `max_threads` at a time. Above that, clients
// wait in the kernel's queue until a thread ends.
class ThreadServer : public Server {
 public:
  ThreadServer(Socket listener, Handler handler, std::size_t max_threads = 2048);
  ~ThreadServer() override;

 private:
  void take(Socket client) override;
  void finish() override;
  void thread_ended();

  const std::size_t max_threads_;
  std::mutex mutex_;
  std::condition_variable ended_;
  std::size_t threads_ = 0;
};

// Hands each connection to the first free thread of a fixed pool. At most `max_waiting` accepted
// connections wait for a thread; further clients wait in the kernel's queue.
class PoolServer : public Server {
 public:
  PoolServer(Socket listener, Handler handler, std::size_t workers = 4,
             std::size_t max_waiting = 64);
  ~PoolServer() override;

 private:
  void take(Socket client) override;
  void finish() override;
  void work();

  const std::size_t max_waiting_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Socket> waiting_;
  bool ending_ = false;
  std::vector<std::thread> workers_;
};

}  // namespace mini
