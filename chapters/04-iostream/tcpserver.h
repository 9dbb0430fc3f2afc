// A class to derive servers from: accepts connections and makes streams of them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "01-blocking-server/socket.h"
#include "03-ioloop/ioloop.h"
#include "04-iostream/iostream.h"

namespace mini {

// [server]
class TCPServer {
 public:
  // The loop must outlive the server.
  explicit TCPServer(IOLoop& loop) : loop_(loop) {}
  virtual ~TCPServer() { stop(); }
  TCPServer(const TCPServer&) = delete;
  TCPServer& operator=(const TCPServer&) = delete;

  // Accepts from now on, whenever the loop runs. Port 0 takes any free one.
  void listen(std::uint16_t port, const std::string& address = "127.0.0.1");
  // Accepts no more. Connections that are open stay.
  void stop();
  // Where it listens.
  std::uint16_t port() const { return listener_.port(); }

 protected:
  IOLoop& loop() const { return loop_; }
  // A new connection. Who does not keep the stream, nor starts a read or a write, has closed it
  // when this returns. So has who throws.
  virtual void handle_stream(std::shared_ptr<IOStream> stream) = 0;
  // [/server]

 private:
  void accept();

  IOLoop& loop_;
  Socket listener_;
  Timeout pause_{};
};

}  // namespace mini
