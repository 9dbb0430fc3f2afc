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
// The life of a connection in chapter 01 was a function, and where it stood was known to its
// thread. Here nobody may stay inside: each step does what can be done now and returns, and where
// the connection stands is a variable.
class SelectConnection {
 public:
  // The socket must be non-blocking, the handler outlive the connection.
  SelectConnection(Socket socket, const Handler& handler);
  // Answers without having read anything.
  void refuse(const Response& response);

  // Says what it waits for.
  void watch(Selection& selection) const;
  // Does what is possible. Whatever the client does, nothing is thrown.
  void step(const Selection& ready, Time now);
  // When step() has something to do though nothing is ready.
  std::optional<Time> deadline() const { return deadline_; }
  // Nothing is left to do: the owner destroys it.
  bool is_over() const { return state_ == State::kOver; }

 private:
  enum class State {
    kReading,  // a request arrives
    kWriting,  // the response leaves, as fast as the client takes it
    kEnding,   // we said goodbye; what the client still sends is dropped
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
  std::optional<Time> deadline_;  // of the goodbye
  // [/members]
};

}  // namespace mini
