// An HTTP server on the loop: one thread, all connections.
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
// A handler may answer later: it keeps `reply`, returns, and calls it from a callback of the loop.
// What it throws before it returns is answered 500. Only the first reply counts.
using Reply = std::function<void(Response)>;
using LoopHandler = std::function<void(const Request&, Reply)>;
// [/handler]

// [connection]
// One request and one response, as chapter 01 has them. But nobody waits here: each function does
// what can be done now and returns, and what it needs to go on later is a member. It is owned by
// its handler in the loop, by the timer that ends it, and by the reply that is due.
class LoopConnection : public std::enable_shared_from_this<LoopConnection> {
 public:
  LoopConnection(IOLoop& loop, Socket socket, std::shared_ptr<const LoopHandler> handler);
  void start();

 private:
  enum class State {
    kReading,    // a request arrives
    kAnswering,  // the handler has it, and has not replied yet
    kWriting,    // the response leaves, as fast as the client takes it
    kEnding,     // we said goodbye; what the client still sends is dropped
    kClosed,
  };

  void handle_events();
  void read();
  bool request_is_complete();
  void call_handler();
  void answer(const Response& response);
  void write();
  void say_goodbye();
  void drop();
  void close();
  void enter(State state, std::uint32_t events);

  // [members]
  IOLoop& loop_;
  Socket socket_;
  std::shared_ptr<const LoopHandler> handler_;
  State state_ = State::kReading;

  std::string received_;  // of the request, and not taken apart yet
  bool has_head_ = false;
  std::size_t body_size_ = 0;
  Request request_;

  std::string response_;
  std::size_t written_ = 0;  // of response_

  std::size_t dropped_ = 0;
  Timeout goodbye_{};
  // [/members]
};
// [/connection]

// [server]
class LoopServer {
 public:
  // Accepts from now on, whenever the loop runs. The loop must outlive the server.
  LoopServer(IOLoop& loop, Socket listener, LoopHandler handler);
  // Accepts no more; connections that are open stay, and are the loop's.
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
