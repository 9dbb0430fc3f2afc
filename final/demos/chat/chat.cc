// A chat without WebSockets: a browser asks for news, and the answer waits until there are some.
#include <tornado/httpserver.h>
#include <tornado/ioloop.h>
#include <tornado/json.h>
#include <tornado/locks.h>
#include <tornado/options.h>
#include <tornado/web.h>

#include <charconv>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <deque>
#include <string>

#include "page.h"

using namespace tornado;

// [buffer]
// The last messages, and those who wait for the next one.
class MessageBuffer {
 public:
  json get_messages_since(std::int64_t cursor) const {
    json newer = json::array();
    for (const json& message : messages_) {
      if (message["id"] > cursor) newer.push_back(message);
    }
    return newer;
  }

  json add_message(const std::string& from, const std::string& body) {
    const json message = {{"id", ++last_id_}, {"from", from}, {"body", body}};
    messages_.push_back(message);
    if (messages_.size() > kRemembered) messages_.pop_front();
    condition.notify_all();
    return message;
  }

  locks::Condition condition;

 private:
  static constexpr std::size_t kRemembered = 200;

  std::deque<json> messages_;
  // Starts with the time: larger than all of an earlier run, so a page that was open all along sees
  // what is new.
  std::int64_t last_id_ = std::int64_t{std::time(nullptr)} * 1000;
};
// [/buffer]

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
    write(kPage);
  }
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
      throw web::HTTPError(400, "the cursor is no number");
    }
    return cursor;
  }

  Future<bool> wait_;
};
// [/updates]

int main(int argc, char** argv) {
  options::define<int>("port", 8888, "port to listen on; 0 takes any free one");
  options::parse_command_line(argc, argv);

  MessageBuffer buffer;
  web::Settings settings;
  settings.xsrf_cookies = true;
  web::Application app(
      {
          web::url<MainHandler>("/"),
          web::url<MessageNewHandler>("/a/message/new", {.buffer = &buffer}),
          web::url<MessageUpdatesHandler>("/a/message/updates", {.buffer = &buffer}),
      },
      settings);
  auto& server = app.listen(options::get<int>("port"));

  std::printf("listening on http://127.0.0.1:%d\n", server.port());
  std::fflush(stdout);
  auto& loop = ioloop::IOLoop::current();
  loop.add_signal_handler(SIGTERM, [&loop](int) { loop.stop(); });
  loop.start();
}
