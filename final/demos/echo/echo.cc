// Responds to every request to "/" with the body it received, whatever the method, and to every
// WebSocket message to "/ws" with the same message: a target for conformance tools.
#include <tornado/httpserver.h>
#include <tornado/ioloop.h>
#include <tornado/options.h>
#include <tornado/web.h>
#include <tornado/websocket.h>

#include <cstdio>
#include <string>
#include <string_view>

using namespace tornado;

struct EchoHandler : web::RequestHandler {
  // Taking the body as it arrives also means that nothing parses it: an invalid form is echoed like
  // any other body.
  void data_received(std::string_view piece) { body_ += piece; }
  void any_method() {
    set_header("Content-Type", request.headers.get("Content-Type", "text/plain"));
    write(body_);
  }

 private:
  std::string body_;
};

struct EchoSocket : websocket::WebSocketHandler {
  void on_message(std::string_view message, bool binary) { write_message(message, binary); }
  std::optional<websocket::CompressionOptions> get_compression_options() override {
    return websocket::CompressionOptions();
  }
  // The tools may connect from any origin.
  bool check_origin(const std::string& /*origin*/) override { return true; }
};

int main(int argc, char** argv) {
  options::define<int>("port", 8888, "port to listen on; 0 takes any free one");
  options::define<std::string>("address", "", "address to listen on; empty means all of them");
  options::parse_command_line(argc, argv);

  web::Application app({
      web::url<EchoHandler>("/"),
      web::url<EchoSocket>("/ws"),
  });
  auto& server = app.listen(options::get<int>("port"), options::get<std::string>("address"));

  std::printf("listening on http://127.0.0.1:%d\n", server.port());
  std::fflush(stdout);
  ioloop::run_until_signal(server);
}
