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
// The last messages, and those who wait for the next one.
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
  // Starts with the time: larger than all of an earlier run, so a page that was open all along sees
  // what is new.
  std::int64_t last_id_ = std::int64_t{std::time(nullptr)} * 1000;
};
// [/buffer]

// The chat's page at `prefix` + "/", and below it its files and what its script asks for. The
// buffer must outlive the application that gets the routes, whose setting xsrf_cookies must be on.
std::vector<tornado::web::URLSpec> routes(MessageBuffer* buffer, const std::string& prefix = "");

}  // namespace chat
