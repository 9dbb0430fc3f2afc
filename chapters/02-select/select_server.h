// An HTTP server in one thread: it sleeps in one place, and serves every client that is ready.
#pragma once

#include <cstdint>
#include <list>
#include <optional>

#include "01-blocking-server/exchange.h"
#include "01-blocking-server/socket.h"
#include "02-select/select_connection.h"
#include "02-select/selection.h"

namespace mini {

// [limit]
// Clients whose descriptor has this number or a higher one are answered 503. select cannot watch
// FD_SETSIZE and above, and a polite refusal takes a descriptor, too.
inline constexpr int kRefusedFrom = FD_SETSIZE - 16;
// [/limit]

// [server]
class SelectServer {
 public:
  // Throws std::out_of_range if select cannot watch the listener.
  SelectServer(Socket listener, Handler handler);

  // Accepts and serves until stop(), then closes all connections.
  void run();
  // Ends run(). May be called from any thread, from a signal handler, and before run().
  void stop();

  std::uint16_t port() const { return listener_.port(); }

 private:
  Selection ask() const;
  std::optional<std::chrono::microseconds> time_to_sleep(Time now) const;
  void accept(Time now);
  void take(Socket client);

  Socket listener_;
  const Handler handler_;
  std::list<SelectConnection> connections_;
  bool stopped_ = false;
  std::optional<Time> paused_until_;  // no descriptor is left: do not accept before this
};
// [/server]

}  // namespace mini
