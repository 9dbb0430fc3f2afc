// A chat by long polling: a browser asks for news, and the response waits until there is some.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "06-request-handler/url_spec.h"
#include "08-coroutines/coroutine_handler.h"

namespace mini {

// [buffer]
struct Message {
  std::uint64_t id = 0;
  std::string text;
};

class MessageBuffer {
 public:
  static constexpr std::size_t kKept = 200;  // messages; older ones are forgotten

  using Messages = std::vector<Message>;

  void add(std::string text);
  struct Wait {
    Future<Messages> news;
    std::uint64_t number = 0;  // names the wait for cancel(); 0: `news` is done already
  };
  // Returns the messages after number `id`: at once if there are any, else when the next one comes.
  Wait wait(std::uint64_t id);
  // Ends a wait with no messages, because the client has left.
  void cancel(std::uint64_t number);

  std::size_t waiting() const { return waiting_.size(); }

 private:
  Messages after(std::uint64_t id) const;

  std::deque<Message> messages_;
  std::uint64_t last_id_ = 0;
  std::map<std::uint64_t, Future<Messages>> waiting_;
  std::uint64_t last_wait_ = 0;
};
// [/buffer]

// Returns the routes of the page, POST /a/message/new (text) and GET /a/message/updates (after).
// The buffer must outlive the application.
std::vector<URLSpec> chat_routes(MessageBuffer& buffer);

}  // namespace mini
