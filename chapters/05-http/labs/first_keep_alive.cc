// The server of chapter 04 plus one line that lets a connection serve more than one request. The
// lesson begins with its failure.  first_keep_alive [PORT]
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

#include "04-iostream/tcpserver.h"

namespace {

using Stream = std::shared_ptr<mini::IOStream>;

std::string answer(const std::string& head) {
  const std::string text = "You asked: " + head.substr(0, head.find('\r')) + "\n";
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(text.size()) + "\r\n\r\n" + text;
}

// [fault]
void serve(const Stream& stream) {
  stream->read_until("\r\n\r\n", [stream](const std::string& head) {
    stream->write(answer(head));  // this server has no use for the body
    serve(stream);                // and the next one, please
  });
}
// [/fault]

class FirstServer final : public mini::TCPServer {
 public:
  using TCPServer::TCPServer;

 private:
  void handle_stream(Stream stream) override { serve(stream); }
};

}  // namespace

int main(int argc, char** argv) {
  const int port = argc > 1 ? std::atoi(argv[1]) : 8888;
  mini::IOLoop loop;
  FirstServer server(loop);
  server.listen(static_cast<std::uint16_t>(port));
  loop.start();
}
