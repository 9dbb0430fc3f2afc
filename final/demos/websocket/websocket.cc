// A chat: everybody who has the page open sees each message at once. The page opens a WebSocket; a
// message from one of them is sent to all.
#include <tornado/bus.h>
#include <tornado/escape.h>
#include <tornado/httpserver.h>
#include <tornado/ioloop.h>
#include <tornado/json.h>
#include <tornado/options.h>
#include <tornado/systemd.h>
#include <tornado/web.h>
#include <tornado/websocket.h>
#ifdef WITH_REDIS
#include <tornado/redisbus.h>
#endif

#include <cstdio>
#include <deque>
#include <set>
#include <stdexcept>
#include <string>

using namespace tornado;

constexpr const char* kRoom = "websocket";
constexpr std::size_t kRemembered = 200;
constexpr std::size_t kLongest = 2000;

class ChatSocket;

// [chat]
// The members that are connected to this process, and the latest messages of the room.
class Chat {
 public:
  explicit Chat(bus::Bus* engine) : bus(engine) {}

  // Passes on what comes through the bus, until the bus ends.
  Future<void> relay();
  json messages_after(bus::Cursor cursor) const;

  bus::Bus* const bus;
  std::set<ChatSocket*> members;

 private:
  struct Entry {
    bus::Cursor cursor;
    json shown;
  };
  std::deque<Entry> entries_;
};
// [/chat]

struct MainHandler : web::RequestHandler {
  void get() { render("websocket.html"); }
};

// [socket]
class ChatSocket : public websocket::WebSocketHandler {
 public:
  struct Init {
    Chat* chat;
  };
  void initialize(const Init& init) { chat_ = init.chat; }

  void prepare() {
    name_ = get_argument("name", "guest");
    if (name_.size() > 100) throw web::HTTPError(400, "a long name");
    const auto cursor = bus::Cursor::parse(get_argument("cursor", "0"));
    if (!cursor) throw web::HTTPError(400, "a cursor that is no message's id");
    seen_ = *cursor;
  }

  void open() {
    chat_->members.insert(this);
    const json missed = chat_->messages_after(seen_);
    if (!missed.empty()) seen_ = *bus::Cursor::parse(missed.back()["id"].get<std::string>());
    write_message(json{{"messages", missed}});
  }

  Future<void> on_message(std::string message) {
    const std::string text = text_of(message);
    if (text.empty() || text.size() > kLongest) co_return;
    const json said = {{"from", name_}, {"text", text}};
    try {
      co_await chat_->bus->publish(kRoom, said.dump());
    } catch (const bus::BusError& error) {
      write_message(json{{"error", error.what()}, {"text", text}});
    }
  }

  void on_close() { chat_->members.erase(this); }

  // Sends the message unless the client has it already.
  void tell(bus::Cursor cursor, const websocket::PreparedMessage& update) {
    if (cursor <= seen_) return;
    seen_ = cursor;
    write_message(update);
  }

  std::optional<websocket::CompressionOptions> get_compression_options() override {
    return websocket::CompressionOptions();
  }

 private:
  // Returns the text of {"text": "..."}; empty for anything else: the page sends nothing else, but
  // others may.
  static std::string text_of(const std::string& message) {
    try {
      const json parsed = escape::json_decode(message);
      if (parsed.is_object() && parsed.contains("text") && parsed["text"].is_string()) {
        return parsed["text"].get<std::string>();
      }
    } catch (const escape::JSONDecodeError&) {
    }
    return {};
  }

  Chat* chat_ = nullptr;
  std::string name_;
  bus::Cursor seen_;  // the last message that the client has
};
// [/socket]

// [relay]
Future<void> Chat::relay() {
  bus::Cursor last;
  while (true) {
    const bus::Messages news = co_await bus->after(kRoom, last);
    for (const bus::Message& message : news) {
      last = message.cursor;
      json shown = escape::json_decode(message.body);
      shown["id"] = last.text();
      const json update = {{"messages", json::array({shown})}};
      const websocket::PreparedMessage prepared(update);
      for (ChatSocket* member : members) member->tell(last, prepared);
      entries_.push_back({last, std::move(shown)});
      if (entries_.size() > kRemembered) entries_.pop_front();
    }
  }
}
// [/relay]

json Chat::messages_after(bus::Cursor cursor) const {
  json newer = json::array();
  for (const Entry& entry : entries_) {
    if (entry.cursor > cursor) newer.push_back(entry.shown);
  }
  return newer;
}

int main(int argc, char** argv) try {
  options::define<int>("port", 8888, "port to listen on; 0 takes any free one");
  options::define<std::string>("bus", "local", "where messages go: local, or redis://host:port");
  options::parse_command_line(argc, argv);

  bus::BusOptions limits;
  limits.max_messages = kRemembered;
  const auto bus = bus::open(options::get<std::string>("bus"), limits);
  Chat chat(bus.get());
  web::Settings settings;
  settings.template_path = WEBSOCKET_FOLDER "/templates";  // CMakeLists.txt defines it
  settings.static_path = WEBSOCKET_FOLDER "/static";
  settings.websocket_ping_interval = 30;
  web::Application app(
      {
          web::url<MainHandler>("/"),
          web::url<ChatSocket>("/chatsocket", {.chat = &chat}),
      },
      settings);
  httpserver::HTTPServer server(app);
  systemd::listen(server, options::get<int>("port"));

  std::printf("listening on http://127.0.0.1:%d\n", server.port());
  std::fflush(stdout);
  ioloop::IOLoop::current().spawn_callback([&chat] { return chat.relay(); });
  ioloop::run_until_signal(server);
} catch (const std::invalid_argument& error) {  // for example a bad URL of the bus
  std::fprintf(stderr, "error: %s\n", error.what());
  return 2;
}
