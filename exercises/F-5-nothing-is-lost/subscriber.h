// A client that reads a topic through servers that may be killed at any moment.
#pragma once

#include <tornado/bus.h>
#include <tornado/concurrent.h>

#include <functional>
#include <utility>

// Must outlive the future that run() has returned.
class Subscriber {
 public:
  using Cursor = tornado::bus::Cursor;
  using Message = tornado::bus::Message;
  using Messages = tornado::bus::Messages;

  // Asks one of the servers for the messages after a cursor. It responds when there are some: one
  // or more, oldest first. Fails if no server can be reached, or if the server dies before its
  // response is complete.
  using Ask = std::function<tornado::Future<Messages>(Cursor after)>;
  // Shows a message to the user, which may take a while. If it fails, the message was not shown.
  using Show = std::function<tornado::Future<void>(Message message)>;
  // Waits.
  using Sleep = std::function<tornado::Future<void>(double seconds)>;

  static constexpr double kFirstPause = 0.1;   // seconds
  static constexpr double kLongestPause = 10;  // seconds

  // Begins after `position`: the default is the beginning of the topic.
  Subscriber(Ask ask, Show show, Sleep sleep, Cursor position = {})
      : ask_(std::move(ask)),
        show_(std::move(show)),
        sleep_(std::move(sleep)),
        position_(position) {}

  // Shows all messages after the position, each once and in order, until its future is cancelled
  // or a message cannot be shown; then it fails with the exception of `show`. When `ask` fails, it
  // sleeps and asks again, for as long as it takes. It sleeps between half and all of a pause, at
  // random. The pause is kFirstPause at first, doubles with each failure up to kLongestPause, and
  // is kFirstPause again after a response.
  tornado::Future<void> run();

  // Returns the position of the last message that was shown. Another Subscriber can continue there.
  Cursor position() const { return position_; }

 private:
  const Ask ask_;
  const Show show_;
  const Sleep sleep_;
  Cursor position_;
};
