// Internal header: the chat's messages, and the requests that read and write them.
#pragma once

#include <tornado/json.h>
#include <tornado/locks.h>
#include <tornado/web.h>

#include <cstdint>
#include <ctime>
#include <deque>
#include <string>
#include <vector>

namespace chat {

// [buffer]
// The latest messages, and the requests that wait for the next one.
class MessageBuffer {
 public:
  tornado::json get_messages_since(std::int64_t cursor) const {
    tornado::json newer = tornado::json::array();
    for (const tornado::json& message : messages_) {
      if (message["id"] > cursor) newer.push_back(message);
    }
    return newer;
  }

  tornado::json add_message(const std::string& from, const std::string& body) {
    const tornado::json message = {{"id", ++last_id_}, {"from", from}, {"body", body}};
    messages_.push_back(message);
    if (messages_.size() > kRemembered) messages_.pop_front();
    condition.notify_all();
    return message;
  }

  tornado::locks::Condition condition;

 private:
  static constexpr std::size_t kRemembered = 200;

  std::deque<tornado::json> messages_;
  // Starts at the current time: larger than every id of an earlier run, so a page that stayed open
  // sees the new messages.
  std::int64_t last_id_ = std::int64_t{std::time(nullptr)} * 1000;
};
// [/buffer]

// Returns the routes of the chat: its page at `prefix` + "/", and below it its files and the
// requests of its script. The buffer must outlive the application that gets the routes. That
// application's setting xsrf_cookies must be on.
std::vector<tornado::web::URLSpec> routes(MessageBuffer* buffer, const std::string& prefix = "");

}  // namespace chat
