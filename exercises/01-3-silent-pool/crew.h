// A pool of threads that serves connections.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "01-blocking-server/socket.h"

class Crew {
 public:
  // Serves one connection. May throw anything.
  using Serve = std::function<void(mini::Socket&)>;

  Crew(std::size_t workers, Serve serve);
  ~Crew();  // serves the connections that still wait, then ends the workers

  // Hands a connection to the first free worker. Once it has been served, or serving it has failed,
  // the connection is closed at once, and the worker is free for the next. A failure is logged: one
  // line on stderr, "client 127.0.0.1:4711 failed", with what() of a std::exception after a colon;
  // "a client" if its address is not known any more.
  void add(mini::Socket client);

 private:
  void work();
  std::optional<mini::Socket> next();  // waits for a connection; returns nothing at the end

  const Serve serve_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<mini::Socket> waiting_;
  bool ending_ = false;
  std::vector<std::thread> workers_;
};
