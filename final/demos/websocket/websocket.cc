// A chat: everybody who has the page open sees each message at once. The page opens a WebSocket; a
// message from one of them is sent to all.
#include <tornado/escape.h>
#include <tornado/httpserver.h>
#include <tornado/ioloop.h>
#include <tornado/json.h>
#include <tornado/options.h>
#include <tornado/web.h>
#include <tornado/websocket.h>

#include <cstdio>
#include <deque>
#include <set>
#include <string>

using namespace tornado;

class ChatSocket;

struct Chat {
  static constexpr std::size_t kRemembered = 200;
  static constexpr std::size_t kLongest = 2000;

  std::set<ChatSocket*> members;
  std::deque<json> messages;  // the latest ones, for clients that join later
  int next_id = 1;
  int next_guest = 1;
};

struct MainHandler : web::RequestHandler {
  void get() { render("websocket.html"); }
};

// [socket]
class ChatSocket : public websocket::WebSocketHandler {
 public:
  struct Init {
    Chat* chat = nullptr;
  };
  void initialize(const Init& init) { chat_ = init.chat; }

  void open() {
    name_ = "guest " + std::to_string(chat_->next_guest++);
    chat_->members.insert(this);
    write_message(json{{"messages", chat_->messages}});
  }

  void on_message(std::string message) {
    const std::string text = text_of(message);
    if (text.empty() || text.size() > Chat::kLongest) return;
    const json added = {{"id", chat_->next_id++}, {"from", name_}, {"text", text}};
    chat_->messages.push_back(added);
    if (chat_->messages.size() > Chat::kRemembered) chat_->messages.pop_front();
    const json update = {{"messages", json::array({added})}};
    websocket::broadcast(chat_->members, websocket::PreparedMessage(update));
  }

  void on_close() { chat_->members.erase(this); }

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
};
// [/socket]

int main(int argc, char** argv) {
  options::define<int>("port", 8888, "port to listen on; 0 takes any free one");
  options::parse_command_line(argc, argv);

  Chat chat;
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
  auto& server = app.listen(options::get<int>("port"));

  std::printf("listening on http://127.0.0.1:%d\n", server.port());
  std::fflush(stdout);
  ioloop::IOLoop::current().start();
}
