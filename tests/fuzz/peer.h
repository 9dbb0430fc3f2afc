// Internal header: the harness of the fuzz programs that feed whole connections: a loop in virtual
// time, and the far end of a connection.
#pragma once

#include <openssl/types.h>
#include <tornado/ioloop.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "script.h"

namespace tornado::fuzz {

// A loop whose clock moves when it has nothing to do.
class World {
 public:
  World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // Runs until `seconds` have passed and nothing is left to do.
  void turn(double seconds = 0);
  ioloop::IOLoop& loop() noexcept { return loop_; }
  // Bytes allocated since the beginning.
  std::size_t growth() const;

 private:
  static ioloop::IOLoopOptions options(ioloop::Clock& clock);

  const std::size_t allocated_;
  ioloop::VirtualClock clock_{1000};
  ioloop::IOLoop loop_;
};

// Returns how many descriptors are open, of the first 256.
int open_descriptors();

struct FreeSsl {
  void operator()(SSL* tls) const;
};

// One end of a connection, outside of the loop.
class Peer {
 public:
  // Takes ownership of `fd`, which must be non-blocking. With `tls`, the client side of TLS.
  explicit Peer(int fd, SSL_CTX* tls = nullptr);
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;
  ~Peer() { close(); }

  void send(std::string_view bytes);
  void send_beside_tls(std::string_view bytes) { unsent_ += bytes; }
  // Sends the end once everything before it has left.
  void end();
  void close();
  void stall(bool stalled) { stalled_ = stalled; }
  bool stalled() const noexcept { return stalled_; }

  // Sends and receives what is possible now. Returns whether anything moved.
  bool pump();
  // Everything that has arrived and was not taken away.
  std::string received;
  // The other end has ended or closed the connection.
  bool over() const noexcept { return over_; }

 private:
  bool flush();
  bool receive();
  void pump_tls(std::string_view arrived);

  int fd_;
  std::unique_ptr<SSL, FreeSsl> tls_;
  std::string plain_;  // waits for the handshake
  std::string unsent_;
  bool ending_ = false;
  bool ended_ = false;
  bool stalled_ = false;
  bool over_ = false;
};

}  // namespace tornado::fuzz
