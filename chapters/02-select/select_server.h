// An HTTP server in one thread: it sleeps in one place, and serves whoever is ready.
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
// A client whose descriptor has this number or a higher one is answered 503: select cannot name
// FD_SETSIZE and beyond, and to say no in order takes a descriptor too.
inline constexpr int kRefusedFrom = FD_SETSIZE - 16;
// [/limit]

// [server]
class SelectServer {
 public:
  // Throws std::out_of_range if select cannot name the listener.
  SelectServer(Socket listener, Handler handler);

  // Accepts and serves until stop(), then closes what is open.
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
  std::optional<Time> deaf_until_;  // no descriptor is left: it would be useless to accept
};
// [/server]

}  // namespace mini
