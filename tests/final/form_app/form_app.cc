// Shows what a request's body becomes: arguments, files, and the pieces of a streaming handler.
// form_app.py beside it is the same program on Python's Tornado.

#include <tornado/gen.h>
#include <tornado/httpserver.h>
#include <tornado/ioloop.h>
#include <tornado/options.h>
#include <tornado/web.h>

#include <csignal>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

using namespace tornado;

namespace {

std::string hex(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    text += "0123456789abcdef"[static_cast<unsigned char>(c) >> 4];
    text += "0123456789abcdef"[static_cast<unsigned char>(c) & 15];
  }
  return text;
}

// Every argument and file of the body, in hex; names in order.
struct FormHandler : web::RequestHandler {
  void post() {
    for (const auto& [name, values] : request.body_arguments()) {
      for (const std::string& value : values) write("a " + hex(name) + " " + hex(value) + "\n");
    }
    for (const auto& [name, files] : request.files()) {
      for (const httputil::HTTPFile& file : files) {
        write("f " + hex(name) + " " + hex(file.filename) + " " + hex(file.content_type) + " " +
              hex(file.body) + "\n");
      }
    }
    write("coding " + request.headers.get("Content-Encoding", "-") + " " +
          request.headers.get("X-Consumed-Content-Encoding", "-") + "\n");
  }
};

// The last value of the argument, as the getters give it.
struct ArgumentHandler : web::RequestHandler {
  void post() {
    for (const std::string& value : get_arguments("a")) write("[" + value + "]");
    write("|" + get_body_argument("a", "none") + "|" + get_query_argument("a", "none") + "|" +
          get_argument("a", false));
  }
};

// Does what its query says.
struct StreamHandler : web::RequestHandler {
  std::string todo(const char* what) const { return get_query_argument(what, ""); }

  Future<void> prepare() {
    const std::string limit = todo("limit");
    if (!limit.empty()) request.connection->set_max_body_size(std::stoull(limit));
    const std::string way = todo("prepare");
    if (way == "wait") co_await gen::moment;
    if (way == "413") throw web::HTTPError(413);
    if (way == "raise") throw std::runtime_error("in prepare");
    if (way == "finish") finish("prepared");
  }
  Future<void> data_received(std::string chunk) {
    size_ += chunk.size();
    const std::string way = todo("data");
    if (way == "wait") co_await gen::moment;
    if (way == "415") throw web::HTTPError(415);
    if (way == "raise") throw std::runtime_error("in data_received");
    if (way == "finish" && !finished()) finish("early");
  }
  void put() { write("put " + std::to_string(size_)); }

  std::size_t size_ = 0;
};

struct StillHandler : web::RequestHandler {
  void get() { write("still|open"); }
};

struct HelloHandler : web::RequestHandler {
  void get() { write("Hello, world"); }
};

}  // namespace

int main(int argc, char** argv) {
  options::define<bool>("decompress_request", false);
  options::define<int>("max_body_size", 104857600);
  options::parse_command_line(argc, argv);
  web::Application app({
      web::url<HelloHandler>("/"),
      web::url<FormHandler>("/form"),
      web::url<ArgumentHandler>("/argument"),
      web::url<StreamHandler>("/stream"),
      web::url<StillHandler>("/path/still/open"),
  });
  httpserver::HTTPServerOptions chosen;
  chosen.decompress_request = options::get<bool>("decompress_request");
  chosen.max_body_size = static_cast<std::uint64_t>(options::get<int>("max_body_size"));
  const auto& server = app.listen(0, "127.0.0.1", chosen);
  std::printf("listening on http://127.0.0.1:%d\n", server.port());
  std::fflush(stdout);
  auto& loop = ioloop::IOLoop::current();
  loop.add_signal_handler(SIGTERM, [&loop](int) { loop.stop(); });
  loop.start();
}
