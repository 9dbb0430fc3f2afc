// A base class for servers: accepts connections and turns them into streams.
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

  // Starts accepting, whenever the loop runs. Port 0 chooses a free port.
  void listen(std::uint16_t port, const std::string& address = "127.0.0.1");
  // Stops accepting. Open connections stay open.
  void stop();
  // Returns the port it listens on.
  std::uint16_t port() const { return listener_.port(); }

 protected:
  IOLoop& loop() const { return loop_; }
  // Called for each new connection. If the override neither keeps the stream nor starts an
  // operation, the connection closes when it returns. The same happens if it throws.
  virtual void handle_stream(std::shared_ptr<IOStream> stream) = 0;
  // [/server]

 private:
  void accept();

  IOLoop& loop_;
  Socket listener_;
  Timeout pause_{};
};

}  // namespace mini
