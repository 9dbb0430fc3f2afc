// Chat rooms over WebSockets, and a page that grows, for the guide's page about both.
#include <tornado/gen.h>
#include <tornado/httpserver.h>
#include <tornado/ioloop.h>
#include <tornado/options.h>
#include <tornado/web.h>
#include <tornado/websocket.h>

#include <cstdio>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

using namespace tornado;

// [socket]
struct RoomSocket : websocket::WebSocketHandler {
  using Rooms = std::map<std::string, std::set<RoomSocket*>>;
  struct Init {
    Rooms* rooms;
  };
  void initialize(const Init& init) { rooms = init.rooms; }

  void open(std::string name) {
    room_ = std::move(name);
    (*rooms)[room_].insert(this);
  }
  void on_message(std::string text) { websocket::broadcast((*rooms)[room_], std::move(text)); }
  void on_close() {
    (*rooms)[room_].erase(this);
    if ((*rooms)[room_].empty()) rooms->erase(room_);
  }

  Rooms* rooms = nullptr;

 private:
  std::string room_;
};
// [/socket]

// [stream]
struct CountdownHandler : web::RequestHandler {
  Future<void> get(int from) {
    set_header("Content-Type", "text/event-stream");
    for (int left = from; left >= 0; --left) {
      write(web::server_sent_event(std::to_string(left), "tick"));
      co_await flush();
      co_await gen::sleep(0.05);
    }
  }
};
// [/stream]

// [client]
Future<void> talk(std::string url) {
  const websocket::WebSocketClientConnection connection =
      co_await websocket::websocket_connect(url);
  connection.write_message("hello");
  const std::optional<websocket::Message> message = co_await connection.read_message();
  if (message) std::printf("received: %s\n", message->data.c_str());
  connection.close();
}
// [/client]

int main(int argc, char** argv) {
  options::define<int>("port", 8888, "port to listen on; 0 takes any free one");
  options::define("talk", "", "connects to this WebSocket, says hello, and ends");
  options::parse_command_line(argc, argv);
  auto& loop = ioloop::IOLoop::current();
  if (const auto url = options::get<std::string>("talk"); !url.empty()) {
    loop.run_sync([&url] { return talk(url); });
    return 0;
  }

  RoomSocket::Rooms rooms;
  // [settings]
  web::Settings settings;
  settings.websocket_ping_interval = 30;  // seconds; notices peers that have vanished
  settings.websocket_max_message_size = 64 * 1024;
  // [/settings]
  web::Application app({web::url<RoomSocket>("/rooms/(\\w+)", {.rooms = &rooms}),
                        web::url<CountdownHandler>("/countdown/([0-9])")},
                       settings);
  auto& server = app.listen(options::get<int>("port"), "127.0.0.1");
  std::printf("listening on http://127.0.0.1:%d\n", server.port());
  std::fflush(stdout);
  ioloop::run_until_signal(server);
}
