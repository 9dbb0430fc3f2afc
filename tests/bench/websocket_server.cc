// Our server of the WebSocket comparison: echoes, or with --crowd tells all what one says.
#include <tornado/httpserver.h>
#include <tornado/ioloop.h>
#include <tornado/options.h>
#include <tornado/web.h>
#include <tornado/websocket.h>

#include <cstdio>
#include <set>

using namespace tornado;

namespace {

struct Echo : websocket::WebSocketHandler {
  void on_message(std::string_view message, bool binary) { write_message(message, binary); }
};

struct Crowd : websocket::WebSocketHandler {
  struct Init {
    std::set<Crowd*>* members = nullptr;
  };
  void initialize(const Init& init) { members_ = init.members; }
  void open() { members_->insert(this); }
  void on_message(std::string message, bool binary) {
    websocket::broadcast(*members_, std::move(message), binary);
  }
  void on_close() { members_->erase(this); }

  std::set<Crowd*>* members_ = nullptr;
};

}  // namespace

int main(int argc, char** argv) {
  options::define<int>("port", 0, "port to listen on; 0 takes any free one");
  options::define<bool>("crowd", false, "tell all what one says");
  options::parse_command_line(argc, argv);

  std::set<Crowd*> members;
  web::Settings settings;
  settings.log_function = [](const web::RequestHandler&) {};
  web::Application app({options::get<bool>("crowd") ? web::url<Crowd>("/ws", {.members = &members})
                                                    : web::url<Echo>("/ws")},
                       settings);
  auto& server = app.listen(options::get<int>("port"), "127.0.0.1");
  std::printf("listening on http://127.0.0.1:%d\n", server.port());
  std::fflush(stdout);
  ioloop::IOLoop::current().start();
}
