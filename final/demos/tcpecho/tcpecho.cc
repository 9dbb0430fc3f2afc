// Tornado's tcpecho demo. Without options it is the server, which sends every line back. With
// --message it is the client: it sends that line to a server and prints the reply.
#include <tornado/ioloop.h>
#include <tornado/log.h>
#include <tornado/options.h>
#include <tornado/tcpclient.h>
#include <tornado/tcpserver.h>

#include <cstdio>

using namespace tornado;

namespace {

class EchoServer : public tcpserver::TCPServer {
 protected:
  Future<void> handle_stream(iostream::IOStream stream, netutil::Address address) override {
    try {
      for (;;) {
        const std::string line = co_await stream.read_until("\n", kLongestLine);
        log::app_log.info("Received " + std::to_string(line.size()) + " bytes");
        co_await stream.write(line);
      }
    } catch (const iostream::StreamClosedError&) {
      log::app_log.warning("Lost client at host " + address.ip());
    }
  }

 private:
  static constexpr std::size_t kLongestLine = 65'536;
};

Future<void> send_message(std::string host, int port, std::string message) {
  const tcpclient::TCPClient client;
  const iostream::IOStream stream = co_await client.connect(host, port);
  co_await stream.write(message + "\n");
  const std::string reply = co_await stream.read_until("\n");
  std::printf("Response from server: %s", reply.c_str());
}

}  // namespace

int main(int argc, char** argv) {
  options::define<int>("port", 9888, "TCP port to listen on, or to connect to");
  options::define<std::string>("host", "localhost", "the client connects to it");
  options::define<std::string>("message", "", "be the client, and send this");
  options::parse_command_line(argc, argv);

  const int port = options::get<int>("port");
  const std::string message = options::get<std::string>("message");
  ioloop::IOLoop& loop = ioloop::IOLoop::current();
  if (!message.empty()) {
    const std::string host = options::get<std::string>("host");
    try {
      loop.run_sync([&] { return send_message(host, port, message); });
    } catch (const std::exception& error) {
      std::fprintf(stderr, "tcpecho: %s\n", error.what());
      return 1;
    }
    return 0;
  }
  EchoServer server;
  server.listen(port);
  std::printf("Listening on TCP port %u\n", server.port());
  std::fflush(stdout);
  loop.start();
}
