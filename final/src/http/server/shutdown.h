// Internal header. The end of a server in good order (HTTPServer::shutdown).
#pragma once

#include <tornado/concurrent.h>
#include <tornado/core/run_queue.h>
#include <tornado/httpserver.h>
#include <tornado/ioloop.h>

#include <cstddef>

namespace tornado::http {

class ServerCore;

// What a ServerCore remembers from the beginning of its shutdown until the last connection has
// gone.
struct Shutdown {
  // For this time, in seconds, a connection without a request stays open, and until nothing was
  // sent on it for as long: a request may be on its way. However long the connection was idle
  // before, a proxy may be about to use it.
  static constexpr double kLastRequest = 0.5;

  Shutdown(ioloop::IOLoop& home, std::size_t connections);
  ~Shutdown();

  // Returns the connections that wait in the lists below to those of `core`.
  void take_back(ServerCore& core);
  // All have gone.
  void finish();

  ioloop::IOLoop& loop;
  Future<httpserver::ShutdownReport> report;
  ioloop::Timeout timer;  // cuts what is left
  const double began;
  double ends;
  std::size_t served;  // connections there were at the beginning, and came since
  std::size_t idle_closed = 0;
  std::size_t cut = 0;
  // Those that have not been told. Telling one calls the program, which may end any other.
  core::ListHook untold;
  core::ListHook untold_upgraded;
};

}  // namespace tornado::http
