// One client of the select server.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

#include "01-blocking-server/exchange.h"
#include "01-blocking-server/socket.h"
#include "02-select/request_collector.h"
#include "02-select/selection.h"

namespace mini {

using Time = std::chrono::steady_clock::time_point;

// [connection]
// In chapter 01 the life of a connection was a function, and its thread's stack knew how far it had
// come. Here no call may wait: each step does what can be done now and returns, and a variable
// knows how far the connection has come.
class SelectConnection {
 public:
  // The socket must be non-blocking, and the handler must outlive the connection.
  SelectConnection(Socket socket, const Handler& handler);
  // Sends this response, without having read anything.
  void refuse(const Response& response);

  // Adds what this connection waits for to the question.
  void watch(Selection& selection) const;
  // Does what is possible now. Throws nothing, whatever the client does.
  void step(const Selection& ready, Time now);
  // Returns when step() has something to do even if nothing is ready.
  std::optional<Time> deadline() const { return deadline_; }
  // Returns whether nothing is left to do. Then the owner destroys this object.
  bool is_over() const { return state_ == State::kOver; }

 private:
  enum class State {
    kReading,  // a request arrives
    kWriting,  // the response leaves, as fast as the client takes it
    kEnding,   // we sent FIN; what the client still sends is dropped
    kOver,
  };
  // [/connection]

  void read(Time now);
  void write(Time now);
  void drop();

  // [members]
  Socket socket_;
  const Handler& handler_;
  State state_ = State::kReading;
  RequestCollector collector_;
  std::string response_;
  std::size_t written_ = 0;  // of response_
  std::size_t dropped_ = 0;
  std::optional<Time> deadline_;  // of kEnding
  // [/members]
};

}  // namespace mini
