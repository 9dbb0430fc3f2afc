// Talks to an echo server on somebody else's library: says some lines, checks the echo, closes, and
// prints what was agreed on. The peer of tests/clients/test_websocket_peers.py.
//
//   websocket_dialer URL deflate|plain
#include <tornado/ioloop.h>
#include <tornado/json.h>
#include <tornado/websocket.h>

#include <cstdio>
#include <stdexcept>
#include <string>
#include <vector>

using namespace tornado;
using websocket::Message;

namespace {

std::string repeated(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

Future<void> talk(std::string url, bool deflate) {
  websocket::WebSocketConnectOptions options;
  if (deflate) options.compression_options.emplace();
  const auto connection = co_await websocket::websocket_connect(url, options);
  const std::vector<Message> lines = {
      Message(""),
      Message("text"),
      Message("gr\xc3\xbc\xc3\x9f"
              "e"),
      Message(repeated("x", 125)),
      Message(repeated("x", 126)),
      Message(repeated("long ", 30'000)),
      Message("", true),
      Message(repeated("\xff", 80'000), true),
      Message("again"),
      Message("again"),
  };
  for (const Message& line : lines) {
    auto writing = connection.write_message(line);
    co_await writing;
    const auto echo = co_await connection.read_message();
    if (echo != line) throw std::runtime_error("the echo is another: " + line.data.substr(0, 40));
  }
  connection.close(4000, "done");
  const auto end = co_await connection.read_message();
  if (end) throw std::runtime_error("a message behind the last one");
  const json report = {{"extensions", connection.headers().get("Sec-WebSocket-Extensions")},
                       {"code", connection.close_code().value_or(0)}};
  std::printf("%s\n", escape::json_encode(report).c_str());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: websocket_dialer URL deflate|plain\n");
    return 2;
  }
  const std::string url = argv[1];
  const bool deflate = std::string(argv[2]) == "deflate";
  ioloop::IOLoop loop;
  try {
    loop.run_sync([&]() -> Future<void> { return talk(url, deflate); }, 30);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "websocket_dialer: %s\n", error.what());
    return 1;
  }
}
