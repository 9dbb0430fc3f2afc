// A chat by long polling: a browser asks for news, and the answer waits until there are some.
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
  // The messages after number `id`, at once if there are some. The second value names the wait.
  struct Wait {
    Future<Messages> news;
    std::uint64_t number = 0;  // 0: nobody waits
  };
  Wait wait(std::uint64_t id);
  // Ends a wait with no messages: who waited has left.
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

// The page, POST /a/message/new (text), GET /a/message/updates (after). The buffer must outlive
// the application.
std::vector<URLSpec> chat_routes(MessageBuffer& buffer);

}  // namespace mini
