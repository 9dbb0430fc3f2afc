#include "handlers.h"

#include <tornado/json.h>
#include <tornado/static_file_handler.h>

#include <cmath>

using namespace tornado;

namespace chat {
namespace {

constexpr const char* kRoom = "chat";

struct ChatHandler : web::RequestHandler {
  struct Init {
    bus::Bus* bus;
  };
  void initialize(const Init& init) { bus = init.bus; }

  bus::Bus* bus = nullptr;
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

  Future<void> post() {
    const std::string from = get_argument("from", "somebody");
    const std::string body = get_argument("body");
    if (from.size() > kLongestName) throw web::HTTPError(400, "a long name");
    if (body.empty() || body.size() > kLongestBody) {
      throw web::HTTPError(400, "an empty or long message");
    }
    json message = {{"from", from.empty() ? "somebody" : from}, {"body", body}};
    try {
      const bus::Cursor cursor = co_await bus->publish(kRoom, message.dump());
      message["id"] = cursor.text();
      write(message);
    } catch (const bus::BusError& error) {
      set_status(503);
      set_header("Retry-After", std::to_string(std::lround(std::ceil(error.retry_after))));
      write(json{{"error", error.what()}});
    }
  }
};
// [/new]

// [updates]
class MessageUpdatesHandler : public ChatHandler {
 public:
  // [poll]
  Future<void> post() {
    const auto cursor = bus::Cursor::parse(get_argument("cursor", "0"));
    if (!cursor) throw web::HTTPError(400, "a cursor that is no message's id");
    wait_ = bus->after(kRoom, *cursor, kRemembered);
    const bus::Messages news = co_await wait_;
    json messages = json::array();
    for (const bus::Message& message : news) {
      json shown = json::parse(message.body);
      shown["id"] = message.cursor.text();
      messages.push_back(std::move(shown));
    }
    write(json{{"messages", messages}});
  }
  // [/poll]

  void on_connection_close() override { wait_.cancel(); }
  void on_shutdown() override { wait_.cancel(); }

 private:
  Future<bus::Messages> wait_;
};
// [/updates]

}  // namespace

std::vector<web::URLSpec> routes(bus::Bus* bus, const std::string& prefix) {
  return {
      web::url<MainHandler>(prefix + "/"),
      web::url<web::StaticFileHandler>(prefix + "/static/(.*)", {.path = CHAT_FOLDER "/static"}),
      web::url<MessageNewHandler>(prefix + "/a/message/new", {.bus = bus}),
      web::url<MessageUpdatesHandler>(prefix + "/a/message/updates", {.bus = bus}),
  };
}

}  // namespace chat
