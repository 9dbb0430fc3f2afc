#include "handlers.h"

#include <tornado/static_file_handler.h>

#include <charconv>

using namespace tornado;

namespace chat {
namespace {

struct ChatHandler : web::RequestHandler {
  struct Init {
    MessageBuffer* buffer = nullptr;
  };
  void initialize(const Init& init) { buffer = init.buffer; }

  MessageBuffer* buffer = nullptr;
};

struct MainHandler : web::RequestHandler {
  void get() {
    xsrf_token();  // sets the cookie whose text the page's script sends back
    set_header("Content-Security-Policy", "frame-ancestors 'none'");
    set_header("X-Content-Type-Options", "nosniff");
    render("chat.html");
  }

  // Not the setting template_path: that belongs to the program that includes the chat.
  std::string get_template_path() const override { return CHAT_FOLDER "/templates"; }
};

// [new]
struct MessageNewHandler : ChatHandler {
  static constexpr std::size_t kLongestName = 100;
  static constexpr std::size_t kLongestBody = 2000;

  void post() {
    const std::string from = get_argument("from", "somebody");
    const std::string body = get_argument("body");
    if (from.size() > kLongestName) throw web::HTTPError(400, "a long name");
    if (body.empty() || body.size() > kLongestBody) {
      throw web::HTTPError(400, "an empty or long message");
    }
    write(buffer->add_message(from.empty() ? "somebody" : from, body));
  }
};
// [/new]

// [updates]
class MessageUpdatesHandler : public ChatHandler {
 public:
  Future<void> post() {
    const std::int64_t cursor = cursor_argument();
    json messages = buffer->get_messages_since(cursor);
    while (messages.empty()) {
      wait_ = buffer->condition.wait();
      co_await wait_;
      messages = buffer->get_messages_since(cursor);
    }
    write(json{{"messages", messages}});
  }

  void on_connection_close() override { wait_.cancel(); }

 private:
  std::int64_t cursor_argument() const {
    const std::string text = get_argument("cursor", "0");
    std::int64_t cursor = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), cursor);
    if (error != std::errc() || end != text.data() + text.size()) {
      throw web::HTTPError(400, "the cursor must be an integer");
    }
    return cursor;
  }

  Future<bool> wait_;
};
// [/updates]

}  // namespace

std::vector<web::URLSpec> routes(MessageBuffer* buffer, const std::string& prefix) {
  return {
      web::url<MainHandler>(prefix + "/"),
      web::url<web::StaticFileHandler>(prefix + "/static/(.*)", {.path = CHAT_FOLDER "/static"}),
      web::url<MessageNewHandler>(prefix + "/a/message/new", {.buffer = buffer}),
      web::url<MessageUpdatesHandler>(prefix + "/a/message/updates", {.buffer = buffer}),
  };
}

}  // namespace chat
