// An HTTP server on the loop: one thread serves all connections.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "01-blocking-server/exchange.h"
#include "01-blocking-server/request.h"
#include "01-blocking-server/socket.h"
#include "03-ioloop/ioloop.h"

namespace mini {

// [handler]
// A handler may respond later: it keeps `reply`, returns, and calls it from some callback of the
// loop. If it throws, the response is 500. Only the first reply counts.
using Reply = std::function<void(Response)>;
using LoopHandler = std::function<void(const Request&, Reply)>;
// [/handler]

// [connection]
// One request and one response, as in chapter 01. But no function blocks: each does what it can do
// now and returns, and whatever it needs to continue is a member. Its owners are its handler in the
// loop, the timer that ends it, and the reply that is still due.
class LoopConnection : public std::enable_shared_from_this<LoopConnection> {
 public:
  LoopConnection(IOLoop& loop, Socket socket, std::shared_ptr<const LoopHandler> handler);
  void start();

 private:
  enum class State {
    kReading,    // the request is arriving
    kAnswering,  // the handler has it and has not replied yet
    kWriting,    // the response is leaving, as fast as the client takes it
    kEnding,     // our side is shut down; input is read and dropped
    kClosed,
  };

  void handle_events();
  void read();
  bool request_is_complete();
  void call_handler();
  void answer(const Response& response);
  void write();
  void half_close();
  void drop();
  void close();
  void enter(State state, std::uint32_t events);

  // [members]
  IOLoop& loop_;
  Socket socket_;
  std::shared_ptr<const LoopHandler> handler_;
  State state_ = State::kReading;

  std::string received_;  // the part of the request that is not parsed yet
  bool has_head_ = false;
  std::size_t body_size_ = 0;
  Request request_;

  std::string response_;
  std::size_t written_ = 0;  // of response_

  std::size_t dropped_ = 0;
  Timeout linger_{};
  // [/members]
};
// [/connection]

// [server]
class LoopServer {
 public:
  // Starts accepting connections, whenever the loop runs. The loop must outlive the server.
  LoopServer(IOLoop& loop, Socket listener, LoopHandler handler);
  // Stops accepting. Open connections stay open, owned by the loop.
  ~LoopServer();
  LoopServer(const LoopServer&) = delete;
  LoopServer& operator=(const LoopServer&) = delete;

  std::uint16_t port() const { return listener_.port(); }

 private:
  void accept();

  IOLoop& loop_;
  Socket listener_;
  std::shared_ptr<const LoopHandler> handler_;
  Timeout pause_{};
};
// [/server]

}  // namespace mini
