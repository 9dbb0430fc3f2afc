// Internal header: a client of the simulation. It sends its requests as they are due, and compares
// the responses with what it must get.
#pragma once

#include <tornado/ioloop.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "http/message/chunked.h"
#include "network.h"

namespace simulation {

// The response to expect. A 408 is right too, and so is any error but a 500 if `status` is not 200;
// either ends the connection.
struct Expected {
  std::uint64_t id = 0;
  std::size_t size = 0;  // of the body, which is all of one letter
  int status = 200;
};

class Client {
 public:
  struct Part {
    double after;  // seconds after the part before
    std::string bytes;
    int completes = 0;  // how many requests are complete with it
  };

  // Takes ownership of `fd`. Calls `violation` with what is wrong.
  Client(tornado::ioloop::IOLoop& loop, Trace& trace, std::uint64_t number, int fd,
         std::deque<Part> parts, std::vector<Expected> expected, bool leaves_early,
         std::function<void(const std::string&)> violation);
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client() { close(); }

  // Returns true once the connection is closed, by either side.
  bool over() const noexcept { return over_; }
  std::size_t answered() const noexcept { return answered_; }

 private:
  enum class State : std::uint8_t { kHead, kFixed, kChunked, kRefused };

  void send_next();
  void write();
  void read();
  void parse();
  bool parse_head();
  bool parse_body();
  void end_response();
  void wrong(const std::string& what);
  void close();

  tornado::ioloop::IOLoop& loop_;
  Trace& trace_;
  const std::uint64_t number_;
  const int fd_;
  std::deque<Part> parts_;
  const std::vector<Expected> expected_;
  const bool leaves_early_;
  const std::function<void(const std::string&)> violation_;
  tornado::ioloop::Timeout timer_;
  std::string unsent_;
  std::string input_;
  State state_ = State::kHead;
  std::size_t left_ = 0;  // of the body
  std::size_t body_size_ = 0;
  tornado::http::ChunkedDecoder decoder_{{}};
  std::size_t answered_ = 0;
  int sent_ = 0;  // whole requests
  bool over_ = false;
};

}  // namespace simulation
