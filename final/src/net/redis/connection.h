// Internal header. One connection to Redis: commands in, replies out, in order.
#pragma once

#include <hiredis/async.h>
#include <tornado/ioloop.h>

#include <cstdint>
#include <deque>
#include <stdexcept>
#include <string>
#include <vector>

namespace tornado::redis {

// A reply of any kind but an error.
struct Reply {
  enum class Kind { kNil, kText, kInteger, kArray };

  Kind kind = Kind::kNil;
  std::string text;
  std::int64_t integer = 0;
  std::vector<Reply> items;
};

// Redis has replied with an error: what() is its text.
class ErrorReply : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// There is no connection, or it has ended before the reply.
class ConnectionLost : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class Connection final : public core::Counted {
 public:
  // Begins to connect to a numeric address. Throws ConnectionLost if that fails at once. Commands
  // may follow immediately. A connection that does not reply to a command in `timeout` seconds is
  // closed.
  static core::Ref<Connection> open(ioloop::IOLoop& loop, const std::string& ip, int port,
                                    double timeout);

  // Sends a command. Fails with ErrorReply or ConnectionLost. `may_take` are further seconds until
  // the reply is late: for a command that blocks.
  Future<Reply> command(const std::vector<std::string>& words, double may_take = 0);
  // Returns the number of commands without a reply.
  std::size_t pending() const noexcept { return due_.size(); }
  // Completes when the connection is closed, with the reason.
  const Future<std::string>& ended() const noexcept { return ended_; }
  // Closes the connection, at once. Pending commands fail with ConnectionLost; without a reason,
  // they are cancelled.
  void close(const std::string& reason = {});

 private:
  struct Pending;

  Connection(ioloop::IOLoop& loop, redisAsyncContext* context, double timeout)
      : loop_(loop), context_(context), timeout_(timeout) {}

  static void on_reply(redisAsyncContext* context, void* reply, void* pending) noexcept;
  static void on_connect(const redisAsyncContext* context, int status);
  static void on_disconnect(const redisAsyncContext* context, int status);
  void gone(const redisAsyncContext& context);
  void end(std::string reason);
  void watch_time();
  void check_time();

  ioloop::IOLoop& loop_;
  redisAsyncContext* context_;  // null: closed
  const double timeout_;
  std::deque<double> due_;  // of the pending commands, in order
  ioloop::Timeout timer_;
  std::string reason_;         // why close() was called
  bool is_cancelled_ = false;  // close() was called without a reason
  Future<std::string> ended_;
};

}  // namespace tornado::redis
